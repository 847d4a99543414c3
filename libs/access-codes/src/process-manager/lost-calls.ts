import { chunks } from '@latchkey/database';
import type { AccessCode } from '../domain/access-code';
import { leftUnanswered } from '../domain/decisions';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';
import type { LockLease } from './lock-leases';
import { ownCause } from './lock-work';

/** So many are looked at together. */
const AT_ONCE = 32;

/**
 * Commands whose sender has ended: their answers will not be recorded any more. Where a process works alone these are
 * all that are in flight when it starts. Once that is recorded a read-back shows soon what became of them, and not at
 * their deadlines, as it does of commands whose answers were recorded; a lock that was taken for a command that was never
 * sent is free.
 */
export class LostCalls {
  constructor(
    private readonly options: {
      readonly streams: Pick<Streams, 'codes'>;
      readonly rows: Pick<AgendaRows, 'inFlight' | 'freeLock' | 'makeDue'>;
    },
  ) {}

  /** To be called before any command is sent, by a process that works alone. May be repeated. */
  async record(): Promise<void> {
    for (const some of chunks(await this.options.rows.inFlight(), AT_ONCE))
      await Promise.all(some.map((lease) => this.recordOne(lease)));
  }

  private async recordOne({ deviceId, commandId, codeId }: LockLease): Promise<void> {
    const { streams, rows } = this.options;
    const { state: code } = await streams.codes.load(codeId);
    if (code?.known.inFlight?.commandId !== commandId) return rows.freeLock(deviceId, commandId);
    const left = (now: AccessCode | null) => leftUnanswered(now, commandId);
    // Its report may have come while nobody listened.
    if (left(code).length === 0) return rows.makeDue(`device:${deviceId}`);
    await streams.codes.transact(codeId, ownCause(code, commandId), left);
  }
}
