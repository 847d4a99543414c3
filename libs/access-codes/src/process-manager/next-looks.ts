import type { KnownRevisions } from '@latchkey/event-sourcing';
import type { Clock, Logger } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { nextLook } from '../domain/next-look';
import type { PlanSettings } from '../domain/circumstances';
import type { Streams } from '../streams';
import type { AgendaClaim, AgendaRows } from './agenda-rows';
import { circumstancesOf } from './circumstances';

/** Each lock of these is read once. */
const BATCH = 5_000;
/** When more than this many need attention, the rest stay due as well. */
const HELD_AT_MOST = 5_000;

/**
 * When more devices than this are due, they follow in groups of this size, this long (ms) one after the other: reading
 * a lock back takes all of its codes, and after a long pause other work comes first.
 */
const DEVICES_AT_ONCE = 50;
const NEXT_DEVICES_AFTER_MS = 15_000;

/** The folded states of codes, as a view keeps them. */
export interface CodeStates {
  /** Resolves once the view has folded all that the agenda has by now; false: not in time. */
  readonly upToDate: () => Promise<boolean>;
  readonly load: (codeIds: readonly string[]) => Promise<ReadonlyMap<string, AccessCode>>;
}

/**
 * After the agenda was built again every code is due. What a code waits for is known from its state: only codes with
 * something to be done stay due. Devices stay due as well, some at a time.
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
    let devices = 0;
    let arranged = 0;
    try {
      await rows.wakeAll();
      while (held.length <= HELD_AT_MOST) {
        const claims = await rows.claim(clock.now(), BATCH);
        if (claims.length === 0) break;
        const codes = claims.filter(({ kind }) => kind === 'code');
        for (const other of claims.filter(({ kind }) => kind !== 'code')) {
          const turn = other.kind === 'device' ? Math.floor(devices++ / DEVICES_AT_ONCE) : 0;
          if (turn === 0) held.push(other);
          else await this.putOff(other, turn * NEXT_DEVICES_AFTER_MS);
        }
        const due = (await states.upToDate()) ? await this.arrangeSome(codes) : codes;
        held.push(...due);
        arranged += codes.length - due.length;
      }
    } catch (error) {
      logger.warn({ err: error }, 'it is not known what codes wait for; all of them stay due');
    } finally {
      await rows.releaseThese(held);
    }
    return arranged;
  }

  private putOff(claim: AgendaClaim, byMs: number): Promise<void> {
    const { rows, clock } = this.options;
    return rows.settle(claim, { do: 'wait', revision: claim.revision, until: clock.now() + byMs });
  }

  /** @returns those that are due now */
  private async arrangeSome(claims: readonly AgendaClaim[]): Promise<AgendaClaim[]> {
    const { rows, states } = this.options;
    const codes = await states.load(claims.map(({ id }) => id));
    const due: AgendaClaim[] = [];
    const gone: AgendaClaim[] = [];
    const settled: Promise<void>[] = [];
    for (const [deviceId, own] of byDevice(claims, codes)) {
      for (const { claim, look } of await this.looksOn(deviceId, own)) {
        if (look.at === 'now') due.push(claim);
        else if (look.at === 'never') gone.push(claim);
        else settled.push(rows.settle(claim, { do: 'wait', revision: claim.revision, ...look }));
      }
    }
    await Promise.all([...settled, rows.dropThese(gone)]);
    return due;
  }

  /** When each of these codes on one device is due. */
  private async looksOn(deviceId: string, own: readonly ClaimedCode[]) {
    const { clock, streams, known } = this.options;
    const stream = streams.keypadStream(deviceId);
    const seen = own.map(({ claim, code }) => code ?? { codeId: claim.id });
    const { revision, keypads } = await streams.keypadForAll(deviceId, seen, known.atLeast(stream));
    known.loaded(stream, revision);
    // Each code sees the keypad in its own way; the rest is the same for all.
    const { claim, code } = own[0]!;
    const around = await circumstancesOf(claim, code, clock.now(), this.options);
    return own.map(({ claim, code }) => ({
      claim,
      look: nextLook(claim.id, code, { ...around, keypad: keypads.get(claim.id)! }),
    }));
  }
}

interface ClaimedCode {
  readonly claim: AgendaClaim;
  readonly code: AccessCode | null;
}

function byDevice(
  claims: readonly AgendaClaim[],
  codes: ReadonlyMap<string, AccessCode>,
): ReadonlyMap<string, readonly ClaimedCode[]> {
  const devices = new Map<string, ClaimedCode[]>();
  for (const claim of claims) {
    const code = codes.get(claim.id) ?? null;
    const deviceId = code?.deviceId ?? claim.deviceId ?? '';
    const own = devices.get(deviceId);
    if (own) own.push({ claim, code });
    else devices.set(deviceId, [{ claim, code }]);
  }
  return devices;
}
