import type { LockDescription, LockReport } from '../lock-gateway';
import type { BridgeLock, LockMessage, UserStatus } from './bridge-messages';
import { parseLockMessage } from './bridge-messages';
import type { LockLine } from './lock-line';
import { changedByHand, reportOf } from './lock-reports';

/** Within this time one and the same event is one that a broker has delivered twice: nobody types so fast. */
const SAME_EVENT_MS = 2_000;

/** What a slot held when the lock was read. */
export interface SlotKnown {
  readonly status: UserStatus;
  readonly pin: string | null;
  /** When; ms. */
  readonly at: number;
}

/** One lock: what it said of itself, and the line to it. */
export class SiteLock {
  /** What its slots held when they were last read. */
  readonly slots = new Map<number, SlotKnown>();
  /** Slots in which somebody, at the lock, has put another code over the one that was there. */
  readonly byHand = new Set<number>();
  /** How many slots it has; null as long as nobody asked it. */
  slotCount: number | null = null;
  /** Null: Zigbee2MQTT does not watch over it. */
  available: boolean | null = null;
  /** It did not answer when it was last asked. */
  silent = false;
  /** What we have just had it do: it tells of that as of anything else. */
  operated: { readonly action: 'lock' | 'unlock'; readonly until: number } | null = null;
  private battery: number | null = null;
  private batteryLow = false;
  private tampered = false;
  private stuck = false;
  private changes = 0;
  private lastEvent = { text: '', at: -Infinity };

  constructor(
    public bridge: BridgeLock,
    readonly line: LockLine,
    /** Told again in each process, so that locks are read back once after a start. */
    private readonly era: string,
    private readonly clock: { now(): number },
  ) {}

  get lockId(): string {
    return this.bridge.lockId;
  }

  /** Something about its codes may be other than it was. */
  changed(): void {
    this.changes++;
  }

  /** Nothing of it comes any more: what it holds may change without our hearing. */
  lost(): void {
    this.line.heard('lost');
    this.slots.clear();
    this.changed();
  }

  /** Takes a message of its own topic. @returns what is to be reported */
  heard(text: string, retained: boolean): LockReport[] {
    const message = parseLockMessage(text);
    if (!message) return [];
    const reports = this.condition(message);
    const news = this.troubles(message);
    // What was so before we listened is no news.
    if (retained) return reports;
    reports.push(...news);
    if (this.silent) {
      this.silent = false;
      reports.push({ kind: 'online', lockId: this.lockId });
    }
    if (message.action !== undefined && !this.isRepeated(text)) reports.push(...this.event(message));
    for (const [slot, user] of message.users ?? []) {
      this.slots.set(slot, { ...user, at: this.clock.now() });
    }
    this.line.heard(message);
    return reports;
  }

  /** @param hubOnline null: not known yet */
  describe(hubOnline: boolean | null, fixed: Pick<LockDescription, 'capabilities'>): LockDescription {
    const { lockId, name, model } = this.bridge;
    const online = hubOnline !== false && this.available !== false && !this.silent;
    return {
      ...{ lockId, name, model, online, timeZone: null, clockDrift: null },
      ...(hubOnline === null ? {} : { hubOnline }),
      // Some locks say no more than that it is low.
      batteryLevel: this.battery ?? (this.batteryLow ? 0.1 : null),
      updatedAt: `${this.era}/${this.changes}`,
      ...fixed,
    };
  }

  private condition({ battery, batteryLow }: LockMessage): LockReport[] {
    const wasLow = this.batteryLow;
    if (battery !== undefined) this.battery = battery;
    if (batteryLow !== undefined) this.batteryLow = batteryLow;
    return this.batteryLow && !wasLow ? [{ kind: 'low-battery', lockId: this.lockId }] : [];
  }

  /** Repeated in every message for as long as it is so. */
  private troubles({ tamper, lockState, lastSeen }: LockMessage): LockReport[] {
    const [wasTampered, wasStuck] = [this.tampered, this.stuck];
    this.tampered = tamper ?? wasTampered;
    this.stuck = lockState === undefined ? wasStuck : lockState === 'not_fully_locked';
    const where = { lockId: this.lockId, at: lastSeen ?? null };
    return [
      ...(this.tampered && !wasTampered ? [{ kind: 'tampered', ...where } as const] : []),
      ...(this.stuck && !wasStuck ? [{ kind: 'jammed', ...where } as const] : []),
    ];
  }

  private event(message: LockMessage): LockReport[] {
    if (changedByHand(message)) {
      this.changeByHand(message);
      // Has somebody look, who finds that the lock was changed, and reads it back.
      return [{ kind: 'online', lockId: this.lockId }];
    }
    const report = reportOf(this.lockId, message);
    if (!report) return [];
    const ours =
      report.kind === 'action-completed' &&
      report.performedVia === 'remote_api' &&
      this.operated?.action === report.action &&
      this.clock.now() <= this.operated!.until;
    return ours ? [] : [report];
  }

  private changeByHand({ action, actionUser: slot }: LockMessage): void {
    this.changed();
    if (slot === undefined) return this.slots.clear();
    const wasThere = action === 'pin_code_changed' || this.slots.get(slot)?.status === 'enabled';
    this.slots.delete(slot);
    if (action === 'pin_code_deleted') this.byHand.delete(slot);
    else if (wasThere) this.byHand.add(slot);
  }

  private isRepeated(text: string): boolean {
    const now = this.clock.now();
    const repeated = this.lastEvent.text === text && Math.abs(now - this.lastEvent.at) < SAME_EVENT_MS;
    if (!repeated) this.lastEvent = { text, at: now };
    return repeated;
  }
}
