import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { Clock, Logger } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { nextLook } from '../domain/next-look';
import type { Circumstances, PlanSettings } from '../domain/circumstances';
import type { Streams } from '../streams';
import type { AgendaClaim, AgendaRows } from './agenda-rows';
import { circumstancesOf } from './circumstances';

/** Of these each lock is read once. */
const BATCH = 5_000;
/** With more than so many that need a look, the rest is left to be looked at too. */
const HELD_AT_MOST = 5_000;

/** The folded states of codes, as a view keeps them. */
export interface CodeStates {
  /** Resolves once the view has folded all that the agenda has by now; false: not in time. */
  readonly upToDate: () => Promise<boolean>;
  readonly load: (codeIds: readonly string[]) => Promise<ReadonlyMap<string, AccessCode>>;
}

/**
 * After the agenda was built anew each code is due, since something has happened to it once. What it waits for is
 * known from its state: only those that have something to be done are left due.
 */
export class NextLooks {
  constructor(
    private readonly options: {
      readonly rows: AgendaRows;
      readonly streams: Streams;
      readonly known: KnownRevisions;
      readonly states: CodeStates;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly settings: PlanSettings;
      /** Between which instants it is, ms. */
      readonly bounds: () => { readonly earliest: number; readonly latest: number };
    },
  ) {}

  /** @returns how many codes were put off until what they wait for */
  async arrange(): Promise<number> {
    const { rows, clock, logger, states } = this.options;
    const held: AgendaClaim[] = [];
    let arranged = 0;
    try {
      while (held.length <= HELD_AT_MOST) {
        const claims = await rows.claim(clock.now(), BATCH);
        if (claims.length === 0) break;
        const codes = claims.filter(({ kind }) => kind === 'code');
        held.push(...claims.filter(({ kind }) => kind !== 'code'));
        const due = (await states.upToDate()) ? await this.arrangeSome(codes) : codes;
        held.push(...due);
        arranged += codes.length - due.length;
      }
    } catch (error) {
      logger.warn({ err: error }, 'what codes wait for could not be told; each is looked at');
    } finally {
      await rows.releaseThese(held);
    }
    return arranged;
  }

  /** @returns those that are due now */
  private async arrangeSome(claims: readonly AgendaClaim[]): Promise<AgendaClaim[]> {
    const { rows, clock, states, streams, known } = this.options;
    const codes = await states.load(claims.map(({ id }) => id));
    const due: AgendaClaim[] = [];
    const gone: AgendaClaim[] = [];
    const settled: Promise<void>[] = [];
    const ofDevice = new Map<string, Promise<Circumstances>>();
    for (const claim of claims) {
      const code = codes.get(claim.id) ?? null;
      const deviceId = code?.deviceId ?? claim.deviceId ?? '';
      const around = ofDevice.get(deviceId) ?? circumstancesOf(claim, code, clock.now(), this.options);
      ofDevice.set(deviceId, around);
      // Each code sees the keypad in its own way.
      const atLeast = known.atLeast(streams.keypadStream(deviceId));
      const keypad = await streams.keypadFor(deviceId, code ?? { codeId: claim.id }, atLeast);
      const look = nextLook(claim.id, code, { ...(await around), keypad });
      if (look.at === 'now') due.push(claim);
      else if (look.at === 'never') gone.push(claim);
      else settled.push(rows.settle(claim, { do: 'wait', revision: claim.revision, ...look }));
    }
    await Promise.all([...settled, rows.dropThese(gone)]);
    return due;
  }
}
