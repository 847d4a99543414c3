import { chunks } from '@latchkey/database';
import type { KnownRevisions } from '@latchkey/event-sourcing';
import { type Clock, type Logger, othersTurn } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { nextLook, othersMatter } from '../domain/next-look';
import type { PlanSettings } from '../domain/circumstances';
import type { Streams } from '../streams';
import type { AgendaRows } from './agenda-rows';
import { type Share, shareOf } from './shares';
import { surroundingsOf } from './circumstances';
import type { PutOff, UnclaimedRow } from './unclaimed-rows';

/** Rows are read so many at a time; each lock of these is read once. */
const PAGE = 100_000;
/** The states of so many codes are in memory at a time, and as many rows are written at once: others wait meanwhile. */
const CODES_AT_ONCE = 1_000;
/** The streams of so many devices are read at a time. */
const DEVICES_READ_AT_ONCE = 8;
/** When more than this many need attention, the rest stay due as well. */
const DUE_AT_MOST = 5_000;

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
      /** CODES_AT_ONCE when left out. */
      readonly codesAtOnce?: number;
    },
  ) {}

  /** @returns how many codes were put off until what they wait for */
  arrange(): Promise<number> {
    return this.lookAt((counts) => this.arrangePages(counts, (last) => this.due(last)));
  }

  /**
   * The same beside others that do so at the same time, each with shares of its own.
   * @param next the number of the next share that nobody has taken yet
   */
  arrangeShares(next: () => number): Promise<number> {
    return this.lookAt(async (counts) => {
      for (let share = shareOf(next()); share; share = shareOf(next())) {
        const taken = share;
        await this.arrangePages(counts, (last) => this.due(last, taken));
      }
    });
  }

  private async lookAt(work: (counts: Counts) => Promise<void>): Promise<number> {
    const { rows, logger } = this.options;
    const counts = { arranged: 0, due: 0, devices: 0 };
    try {
      await rows.wakeAll();
      await work(counts);
    } catch (error) {
      logger.warn({ err: error }, 'it is not known what codes wait for; all of them stay due');
    }
    return counts.arranged;
  }

  private due(last: UnclaimedRow | undefined, share?: Share): Promise<UnclaimedRow[]> {
    const { rows, clock } = this.options;
    if (share) return rows.unclaimed.dueIn(share, clock.now(), PAGE, last);
    return rows.unclaimed.due(clock.now(), PAGE, last);
  }

  private async arrangePages(
    counts: Counts,
    pageAfter: (last: UnclaimedRow | undefined) => Promise<UnclaimedRow[]>,
  ): Promise<void> {
    const { codesAtOnce = CODES_AT_ONCE } = this.options;
    let last: UnclaimedRow | undefined;
    while (counts.due <= DUE_AT_MOST) {
      const page = await pageAfter(last);
      last = page.at(-1);
      if (!last) break;
      await this.putOffOthers(page, counts);
      for (const codes of chunks(byDevice(page), codesAtOnce)) {
        await this.arrangeSome(codes, counts);
        await othersTurn();
        if (counts.due > DUE_AT_MOST) break;
      }
    }
  }

  /** Devices have their turn one group after the other; whatever else is no code stays due. */
  private async putOffOthers(page: readonly UnclaimedRow[], counts: Counts): Promise<void> {
    const later: PutOff[] = [];
    for (const row of page) {
      if (row.kind === 'code') continue;
      const turn = row.kind === 'device' ? Math.floor(counts.devices++ / DEVICES_AT_ONCE) : 0;
      if (turn === 0) counts.due++;
      else
        later.push({
          ...{ row, forKeypad: false },
          until: this.options.clock.now() + turn * NEXT_DEVICES_AFTER_MS,
        });
    }
    await this.options.rows.unclaimed.putOff(later);
  }

  private async arrangeSome(rows: readonly UnclaimedRow[], counts: Counts): Promise<void> {
    const { states } = this.options;
    const { unclaimed } = this.options.rows;
    if (!(await states.upToDate())) {
      counts.due += rows.length;
      return;
    }
    const codes = await states.load(rows.map(({ id }) => id));
    const later: PutOff[] = [];
    const gone: UnclaimedRow[] = [];
    for (const some of chunks([...ofDevices(rows, codes)], DEVICES_READ_AT_ONCE)) {
      const looks = await Promise.all(some.map(([deviceId, own]) => this.looksOn(deviceId, own)));
      for (const { row, look } of looks.flat()) {
        if (look.at === 'now') counts.due++;
        else if (look.at === 'never') gone.push(row);
        else later.push({ row, until: look.until, forKeypad: look.forKeypad });
      }
    }
    await unclaimed.putOff(later);
    await unclaimed.drop(gone);
    counts.arranged += later.length + gone.length;
  }

  /** When each of these codes on one device is due. */
  private async looksOn(deviceId: string, own: readonly RowWithCode[]) {
    const { clock, streams, known } = this.options;
    const stream = streams.keypadStream(deviceId);
    const seen = own.map(({ row, code }) => code ?? { codeId: row.id });
    const around = await surroundingsOf(deviceId, own[0]!.code, clock.now(), this.options);
    const { revision, keypads } = await streams.keypadForAll(
      deviceId,
      seen,
      known.atLeast(stream),
      (code) => 'wanted' in code && !othersMatter(code, around),
    );
    known.loaded(stream, revision);
    return own.map(({ row, code }) => ({
      row,
      look: nextLook(row.id, code, { ...around, keypad: keypads.get(row.id)! }),
    }));
  }
}

interface Counts {
  /** Codes that were put off, or are gone. */
  arranged: number;
  /** What stays due. */
  due: number;
  devices: number;
}

interface RowWithCode {
  readonly row: UnclaimedRow;
  readonly code: AccessCode | null;
}

/** The codes among these, those on one device beside each other. */
function byDevice(rows: readonly UnclaimedRow[]): UnclaimedRow[] {
  const order = ({ deviceId }: UnclaimedRow): string => deviceId ?? '';
  return rows
    .filter(({ kind }) => kind === 'code')
    .sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}

function ofDevices(
  rows: readonly UnclaimedRow[],
  codes: ReadonlyMap<string, AccessCode>,
): ReadonlyMap<string, readonly RowWithCode[]> {
  const devices = new Map<string, RowWithCode[]>();
  for (const row of rows) {
    const code = codes.get(row.id) ?? null;
    const deviceId = code?.deviceId ?? row.deviceId ?? '';
    const own = devices.get(deviceId);
    if (own) own.push({ row, code });
    else devices.set(deviceId, [{ row, code }]);
  }
  return devices;
}
