import type { CodeWindow, ListedCode, LockCode } from '../lock-gateway';

/** Something that a lock did, or failed at. */
export interface Performed {
  readonly operation: 'created' | 'updated' | 'deleted';
  readonly lockCodeId: string;
}

/** A code that the lock holds (`now`) and what it has been asked to make of it, in order; null: nothing. */
interface Entry {
  now: LockCode | null;
  readonly asked: (LockCode | null)[];
}

/** The codes of one lock in memory: what it holds, and what it has promised to hold. */
export class CodesInMemory {
  private readonly entries = new Map<string, Entry>();
  private drawn = 0;

  constructor(private readonly lockId: string) {}

  /** How many codes there are to be once everything is done. */
  get promised(): number {
    return [...this.entries.values()].filter((entry) => last(entry) !== null).length;
  }

  /** Whether the lock knows the code, and has not been asked to remove it. */
  has(lockCodeId: string): boolean {
    const entry = this.entries.get(lockCodeId);
    return entry !== undefined && last(entry) !== null;
  }

  /** Whether another code has the PIN, or is to have it. */
  holds(pin: string, self?: string): boolean {
    return [...this.entries].some(
      ([id, { now, asked }]) => id !== self && [now, ...asked].some((code) => code?.pin === pin),
    );
  }

  /** What other codes are called, or are to be called. */
  names(self?: string): string[] {
    const others = [...this.entries].filter(([id]) => id !== self);
    return others.flatMap(([, { now, asked }]) => [now, ...asked].flatMap((code) => code?.name ?? []));
  }

  create(code: LockCode): string {
    const id = this.draw();
    this.entries.set(id, { now: null, asked: [code] });
    return id;
  }

  ask(lockCodeId: string, code: LockCode | null): void {
    this.entry(lockCodeId).asked.push(code);
  }

  put(code: LockCode, id = this.draw()): string {
    this.entries.set(id, { now: code, asked: [] });
    return id;
  }

  alter(lockCodeId: string, change: Partial<LockCode>): void {
    const entry = this.entry(lockCodeId);
    if (!entry.now) throw new Error(`${lockCodeId} is not on the lock`);
    entry.now = { ...entry.now, ...change };
  }

  erase(lockCodeId: string): void {
    this.entries.delete(lockCodeId);
  }

  /** Does everything that it was asked for; or fails at it, and all is as it was. */
  perform(succeeds: boolean): Performed[] {
    const performed: Performed[] = [];
    for (const [lockCodeId, entry] of this.entries) {
      const before = entry.now;
      for (const code of entry.asked.splice(0)) {
        const operation = code === null ? 'deleted' : entry.now === null ? 'created' : 'updated';
        performed.push({ operation, lockCodeId });
        entry.now = code;
      }
      if (!succeeds) entry.now = before;
      if (entry.now === null) this.entries.delete(lockCodeId);
    }
    return performed;
  }

  list(): ListedCode[] {
    return [...this.entries].flatMap(([lockCodeId, { now, asked }]): ListedCode[] => {
      const code = now ?? asked.find((each) => each !== null);
      if (!code) return [];
      const { name, pin, window } = code;
      return [{ lockCodeId, name, pin, window, status: now ? 'active' : 'pending' }];
    });
  }

  /** A code for one time opens once. */
  open(pin: string, now: number): boolean {
    for (const [lockCodeId, { now: code }] of this.entries) {
      if (code?.pin !== pin || !isWithin(code.window, now)) continue;
      if (code.oneTime) this.entries.delete(lockCodeId);
      return true;
    }
    return false;
  }

  private draw(): string {
    return `${this.lockId}/code-${++this.drawn}`;
  }

  private entry(lockCodeId: string): Entry {
    const entry = this.entries.get(lockCodeId);
    if (!entry) throw new Error(`there is no code ${lockCodeId} on ${this.lockId}`);
    return entry;
  }
}

function last({ now, asked }: Entry): LockCode | null {
  return asked.length > 0 ? asked.at(-1)! : now;
}

function isWithin(window: CodeWindow | null, now: number): boolean {
  return window === null || (window.startsAt <= now && now < window.endsAt);
}
