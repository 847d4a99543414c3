import type { CodesOnDevice } from '@latchkey/devices';
import { type Cause, laterPosition, type Loaded, mayPass, type Position } from '@latchkey/event-sourcing';
import { chunks } from '@latchkey/database';
import type { AccessCode } from '../domain/access-code';
import { abandon, ceaseToManage } from '../domain/leaving';
import { isGone } from '../domain/life';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';
import { causeOfDeletion } from './cause-of-deletion';
import type { CleanUp } from './clean-up';

/** How many codes of a device are ended by the request that removes the device. */
const WITHIN_A_REQUEST = 32;
/** How many are ended together afterwards, each time the device is due. */
const SOME = 100;
/** How many of them are ended in parallel where no request waits. */
const AT_ONCE = 32;
/** How many such batches one turn of a device ends; then others have their turn. */
const TIMES_IN_A_LOOK = 5;

type Row = Awaited<ReturnType<AgendaRows['someCodesOf']>>[number];

/** A code that is gone, and the subject of its row on the agenda. */
interface Gone extends Loaded<AccessCode> {
  readonly subject: string;
}

/**
 * Ends the codes of a device that was removed. The device's own event decides it: the request that led to it ends some
 * of the codes at once, and the rest follow, in turns with other work. Each step may be repeated, also by another
 * process, after a crash.
 */
export class LeavingCodes implements CodesOnDevice {
  constructor(
    private readonly options: {
      readonly streams: Pick<Streams, 'codes' | 'devices'>;
      readonly rows: Pick<AgendaRows, 'someCodesOf' | 'hold' | 'releaseThese' | 'dropGone'>;
      readonly cleanUp: CleanUp;
    },
  ) {}

  abandon(deviceId: string, cause: Cause): Promise<Position | undefined> {
    return this.someOf(deviceId, cause, abandon);
  }

  letGo(deviceId: string, cause: Cause): Promise<Position | undefined> {
    return this.someOf(deviceId, cause, ceaseToManage);
  }

  async seeAllOff(deviceId: string): Promise<void> {
    while (await this.seeSomeOff(deviceId));
  }

  /**
   * Ends some hundred codes of a device that was deleted, and cleans up after them.
   * @returns whether more may be left
   * @throws what kept a code from it, once the others are ended
   */
  async seeSomeOff(deviceId: string): Promise<boolean> {
    const failures: unknown[] = [];
    let left = true;
    for (let times = 0, after = ''; left && times < TIMES_IN_A_LOOK;) {
      const some = await this.options.rows.someCodesOf(deviceId, after, SOME);
      const went = some.length > 0 && (await this.seeOff(deviceId, some, failures));
      left = some.length === SOME;
      after = some.at(-1)?.subject ?? after;
      // Those that fail are skipped: they come first the next time.
      if (went) times++;
    }
    if (failures.length > 0) throw failures[0];
    return left;
  }

  /** @returns whether any of them went */
  private async seeOff(deviceId: string, some: readonly Row[], failures: unknown[]): Promise<boolean> {
    const { rows, cleanUp } = this.options;
    const cause = await causeOfDeletion(this.options.streams.devices, deviceId);
    const gone: Gone[] = [];
    // What is appended here need not make each of them due for other workers.
    const held = await rows.hold(some);
    try {
      for (const few of chunks(some, AT_ONCE)) {
        const abandoned = await Promise.allSettled(few.map((row) => this.abandonOne(row, cause)));
        for (const each of abandoned) {
          if (each.status === 'fulfilled') gone.push(...each.value);
          else if (mayPass(each.reason)) throw each.reason;
          else failures.push(each.reason);
        }
      }
      const codes = gone.map(({ state }) => state);
      if (codes.length > 0) await cleanUp.after(deviceId, codes, cause);
      await rows.dropGone(gone);
      return gone.length > 0;
    } finally {
      await rows.releaseThese(held);
    }
  }

  private async abandonOne({ id, subject }: Row, cause: Cause): Promise<Gone[]> {
    const { state, revision } = await this.options.streams.codes.transact(id, cause, abandon);
    // A code that has only a reservation is given up when its grace is over.
    return state && isGone(state) ? [{ state, revision, subject }] : [];
  }

  private async someOf(
    deviceId: string,
    cause: Cause,
    decide: typeof abandon,
  ): Promise<Position | undefined> {
    const { streams, rows } = this.options;
    let latest: Position | undefined;
    for (const { id } of await rows.someCodesOf(deviceId, '', WITHIN_A_REQUEST)) {
      const { position } = await streams.codes.transact(id, cause, decide);
      latest = laterPosition(latest, position);
    }
    return latest;
  }
}
