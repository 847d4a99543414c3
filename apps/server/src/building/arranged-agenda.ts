import {
  AgendaProjection,
  AgendaRows,
  codeStates,
  FoldedLooks,
  indexAgenda,
  indexLooks,
  NextLooks,
  type PlanSettings,
  planSettings,
  Streams,
} from '@latchkey/access-codes';
import { DeviceStreams } from '@latchkey/devices';
import { type ProjectionRunner, SeenRevisions, type Tables } from '@latchkey/event-sourcing';
import type { Kysely } from 'kysely';
import { type Clock, RandomIds } from '@latchkey/platform';
import type { BuildOptions } from './build-options';
import type { Turns } from './turns';

/** How long the view of codes, or this process, may take to see what the agenda tells of, ms. */
const SEEN_WITHIN_MS = 5_000;
/** Nobody waits for this thread, and rows that are written together share pages. */
const CODES_AT_ONCE = 10_000;

/**
 * The agenda while it is built: nearly all rows of codes to which something has happened are due, and are put off before
 * anybody claims one. With the indexes that serve claims that would cost nearly twice as much, so they are made after it.
 */
export class UnarrangedAgenda extends AgendaProjection {
  constructor(clock: Clock, settings: PlanSettings) {
    super(clock, () => undefined, undefined, new FoldedLooks(clock, settings));
  }

  override index(db: Kysely<Tables>): Promise<void> {
    return indexLooks(db);
  }
}

/** What this thread has built the agenda with: its projection, and what follows the store for it and for the codes. */
export interface BuiltAgenda {
  readonly projection: AgendaProjection;
  readonly runner: ProjectionRunner;
  readonly codes: ProjectionRunner;
}

/**
 * Puts off the codes of an agenda that was just built until what they wait for, as the server would before it begins to
 * work. It plans by a clock that is right.
 * @param built undefined where another thread has built it, and nobody adds to it meanwhile
 * @param turns shared by all threads that do so
 */
export async function arrangeAgenda(
  built: BuiltAgenda | undefined,
  turns: Turns,
  { store, stores, config, clock, logger }: BuildOptions,
): Promise<void> {
  const known = built?.projection.known ?? new SeenRevisions();
  const ids = new RandomIds();
  const alone = stores.views.engine === 'sqlite';
  const devices = new DeviceStreams(store, clock, ids, alone);
  const hear = async () => {
    known.isBelieved = (await built?.runner.sawWhatIsFolded(SEEN_WITHIN_MS)) ?? false;
  };
  const looks = new NextLooks({
    rows: new AgendaRows(stores.views, {
      ...{ owner: ids.uuid(), clock, wall: () => Date.now() },
      ...(alone ? {} : { heard: hear }),
    }),
    streams: new Streams(store, clock, ids, devices, stores.vault, logger, { alone, passing: true }),
    ...{ known, clock, logger, settings: planSettings(config) },
    states: {
      upToDate: async () =>
        !built || built.codes.reached(await built.runner.storedPosition(), SEEN_WITHIN_MS),
      load: (codeIds) => codeStates(stores.views.db, codeIds),
    },
    bounds: () => ({ earliest: clock.now(), latest: clock.now() }),
    codesAtOnce: CODES_AT_ONCE,
  });
  await looks.arrangeShares(() => turns.take());
  if (built) await stores.views.transaction((trx) => indexAgenda(trx));
}
