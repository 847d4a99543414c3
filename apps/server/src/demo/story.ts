import { DAY, HOUR, SECOND } from '@latchkey/platform';
import { type PublicEvent, Refused } from './clients';
import type { Scene } from './scene';
import type { CodeEvent } from './code-events';
import { disagreement, type Promised } from './judge';
import { heading, instant, type Row, row } from './table';

/** The default of JUST_IN_TIME_LEAD. */
export const LEAD = HOUR;

/** Something is not as it should be: the demo ends with exit code 1. */
export class Disagreement extends Error {}

export interface Wanted {
  readonly lock: string;
  readonly native: boolean;
  readonly code: string;
  /** Left out: an ongoing code. ms */
  readonly window?: { readonly startsAt: number; readonly endsAt: number };
  /** Tells codes of one story apart. */
  readonly label?: string;
  /** Goes on as soon as the request is acknowledged, whatever else is on its way. */
  readonly hurried?: boolean;
}

/** A code whose life is being told. */
export interface CodeOfStory {
  readonly id: string;
  readonly lock: string;
  readonly lockId: string;
  readonly label: string;
  code: string;
  promised: Promised;
  /** Somebody else's hand was at the lock and nobody can know yet, so the keypad is not compared with anything. */
  unseen: boolean;
  /** All of its events so far. */
  readonly events: string[];
  /** What integrations were told of it so far. */
  readonly told: PublicEvent[];
  status: string;
  opens: boolean;
}

/** One life, told as it happens: each look at it becomes rows, and the keypad is compared with what was asked for. */
export class Story {
  private readonly codes: CodeOfStory[] = [];
  private now = 0;

  constructor(
    private readonly scene: Scene,
    private readonly print: (line: string) => void,
  ) {}

  get at(): number {
    return this.now;
  }

  get locks() {
    return this.scene.locks;
  }

  get api() {
    return this.scene.api;
  }

  /** A story begins at noon, so that its instants are easy to read. */
  async begin(title: string, subtitle: string): Promise<void> {
    const now = await this.scene.api.now();
    await this.clockTo(Math.ceil((now - 12 * HOUR) / DAY) * DAY + 12 * HOUR);
    this.print(`\n${title}\n  ${subtitle}\n${heading()}`);
  }

  /** What is done to the locks and codes, between the events. */
  say(what: string): void {
    this.print(row({ at: this.now, event: `> ${what}` }));
  }

  async create({ lock, native, code, window, label = '', hurried = false }: Wanted): Promise<CodeOfStory> {
    const [device_id, { lock_id }] = await Promise.all([
      this.scene.api.deviceNamed(lock),
      this.scene.locks.named(lock),
    ]);
    const { access_code } = await this.scene.api.post<{ access_code: { access_code_id: string } }>(
      '/access_codes/create',
      {
        device_id,
        code,
        name: 'Demo',
        prefer_native_scheduling: native,
        ...(window && times(window)),
      },
    );
    const told: CodeOfStory = {
      id: access_code.access_code_id,
      ...{ lock, lockId: lock_id, label, code },
      promised: { window: window ?? null, native: native && window !== undefined, lead: LEAD },
      unseen: false,
      events: [],
      told: [],
      status: '',
      opens: false,
    };
    this.codes.push(told);
    if (!hurried) await this.settle();
    return told;
  }

  async update(
    code: CodeOfStory,
    change: { code?: string; name?: string; window?: Wanted['window'] | null },
  ): Promise<void> {
    const { window, ...rest } = change;
    const frame =
      window === null ? { type: 'ongoing' } : window ? { type: 'time_bound', ...times(window) } : {};
    await this.scene.api.post('/access_codes/update', { access_code_id: code.id, ...rest, ...frame });
    if (change.code !== undefined) code.code = change.code;
    if (window !== undefined) code.promised = { ...code.promised, window };
    await this.settle();
  }

  async remove(code: CodeOfStory): Promise<void> {
    await this.scene.api.post('/access_codes/delete', { access_code_id: code.id });
    await this.settle();
  }

  /** Types a code's PIN while the server is dead. @returns whether the door opens by the lock's own clock */
  async typed(code: CodeOfStory, at: number): Promise<boolean> {
    const opens = await this.scene.locks.opens(code.lockId, code.code, at);
    this.print(row({ at, event: '-', status: '-', keypad: opens ? 'opens' : 'shut' }));
    return opens;
  }

  /** Lets happen what is due without any time passing, and looks. */
  async settle(): Promise<void> {
    await this.clockTo(this.now);
    await this.look();
  }

  /** Puts the clock forward in one go and looks. */
  async goTo(at: number): Promise<void> {
    await this.clockTo(at);
    await this.look(true);
  }

  /** Looks at every step for a while; only what is new is told. */
  async watch(forMs: number, step = SECOND): Promise<void> {
    const until = this.now + forMs;
    while (this.now < until) {
      await this.clockTo(Math.min(until, this.now + step));
      await this.look();
    }
  }

  /** Watches until something is so. @throws {Disagreement} when it is not so within the time */
  async watchUntil(what: string, is: () => boolean, withinMs: number, step = SECOND): Promise<void> {
    const until = this.now + withinMs;
    while (!is()) {
      if (this.now >= until) throw this.wrong(`it never came to be that ${what}`);
      await this.clockTo(Math.min(until, this.now + step));
      await this.look();
    }
  }

  /** Clock and server may have moved without us. */
  async resume(): Promise<void> {
    this.now = await this.scene.api.now();
    await this.look(true);
  }

  /** Looks at each code, through the API and at the keypad, and tells what is new. */
  async look(always = false): Promise<void> {
    const rows: Row[] = [];
    const wrong: string[] = [];
    for (const code of this.codes) {
      const [seen, opens, events, told] = await Promise.all([
        this.scene.api.accessCode(code.id),
        this.scene.locks.opens(code.lockId, code.code, this.now),
        this.scene.events().of(code.id, code.events.length),
        this.scene.api.eventsOf(code.id),
      ]);
      const fresh = told.filter(({ event_id }) => !code.told.some((known) => known.event_id === event_id));
      code.told.push(...fresh);
      const status = seen?.status ?? 'gone';
      const changed = status !== code.status || opens !== code.opens;
      code.events.push(...events.map(({ type }) => type));
      Object.assign(code, { status, opens });
      rows.push(...rowsOf(code, events, fresh, changed || always ? this.now : null));
      const found = code.unseen ? null : disagreement(code.promised, { at: this.now, status, opens });
      if (found !== null) wrong.push(code.label === '' ? found : `${code.label}: ${found}`);
    }
    for (const each of rows.sort((a, b) => a.at - b.at)) this.print(row(each));
    if (wrong.length > 0) throw this.wrong(wrong.join('; '));
  }

  expect(what: string, holds: boolean): void {
    if (!holds) throw this.wrong(`it is not so that ${what}`);
  }

  /** The events so far, those named only, in this order. */
  expectEvents(code: CodeOfStory, ...types: string[]): void {
    const seen = code.events.filter((type) => types.includes(type));
    if (seen.join() !== types.join()) {
      throw this.wrong(`the events are ${code.events.join(', ')}, not ${types.join(', ')}`);
    }
  }

  /** What integrations were told so far, of these kinds only, in this order. */
  expectTold(code: CodeOfStory, ...types: string[]): void {
    const told = code.told.map(({ event_type }) => event_type.replace('access_code.', ''));
    if (told.filter((type) => types.includes(type)).join() !== types.join()) {
      throw this.wrong(`integrations were told ${told.join(', ')}, not ${types.join(', ')}`);
    }
  }

  /** @param type the API's word for the refusal */
  async expectRefusal(type: string, attempt: () => Promise<unknown>): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      if (!(error instanceof Refused) || error.type !== type) throw error;
      this.say(`refused: ${error.status} ${type}`);
      return;
    }
    throw this.wrong(`it was not refused as ${type}`);
  }

  private async clockTo(at: number): Promise<void> {
    await this.scene.api.advanceTo(at);
    this.now = at;
  }

  private wrong(what: string): Disagreement {
    return new Disagreement(`at ${instant(this.now)}: ${what}`);
  }
}

/** What one look at a code saw. Status and keypad were seen after the last event, and stand beside it only. */
function rowsOf(
  code: CodeOfStory,
  events: readonly CodeEvent[],
  told: readonly PublicEvent[],
  otherwiseAt: number | null,
): Row[] {
  const label = code.label === '' ? '' : `${code.label}: `;
  const rows: Row[] = events.map(({ at, type, detail }) => ({
    at,
    event: `${label}${type}${detail === null ? '' : ` (${detail})`}`,
  }));
  if (events.length === 0 && otherwiseAt !== null) rows.push({ at: otherwiseAt, event: `${label}-` });
  const seen = { status: code.status, keypad: code.opens ? 'opens' : 'shut' };
  return rows.map((each, index) => ({
    ...each,
    ...(index === rows.length - 1 ? seen : {}),
    // About the instant, not one event: they stand beside the first event of that instant.
    told: rows.findIndex(({ at }) => at === each.at) === index ? toldAt(told, each.at) : [],
  }));
}

function toldAt(told: readonly PublicEvent[], at: number): string[] {
  return told
    .filter(({ occurred_at }) => Date.parse(occurred_at) === at)
    .map(({ event_type }) => event_type.replace('access_code.', ''));
}

const times = ({ startsAt, endsAt }: { startsAt: number; endsAt: number }) => ({
  starts_at: new Date(startsAt).toISOString(),
  ends_at: new Date(endsAt).toISOString(),
});
