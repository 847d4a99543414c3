import { AGENDA, type AgendaTables, DOMAIN_PREFIXES } from '@latchkey/access-codes';
import { type Database, type Stores, tablesOf } from '@latchkey/database';
import {
  Checkpoints,
  comparePositions,
  type EventStore,
  type EventStoreDb,
  type Position,
  sharedHistory,
} from '@latchkey/event-sourcing';
import { type Clock, type Config, MINUTE } from '@latchkey/platform';
import { PUBLIC_EVENTS } from '@latchkey/public-events';
import { sql } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { OF_OTHERS, ParkedEvents } from '../../parked/parked-events';
import { liveDatabase } from '../../replay/beside';
import { replayableViews } from '../../replay/replayable-views';
import { bad, checked, type Finding, type Found, ok, spanOf, warn } from './check';
import { agreesWith } from './machine';

/** What a doctor looks into. */
export interface Patient {
  readonly config: Config;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly stores: Stores<any>;
  /** The event store, and the same as its events are believed. */
  readonly bare: EventStoreDb;
  readonly store: EventStore;
  /** The server's clock. */
  readonly clock: Clock;
  /** Whether a server is at work on it, as far as can be told from here. */
  readonly isRunning: boolean;
}

const PUBLIC_PREFIXES = [`${PUBLIC_EVENTS}-`];
/** A view that is behind gets so long to move, ms. */
const MOVES_WITHIN_MS = 3_000;
/** Work that has been due for so long is late, and for so long it is not being done, ms. */
const LATE_MS = 2 * MINUTE;
const STUCK_MS = 15 * MINUTE;

export function storeChecks(patient: Patient): (() => Promise<Finding>)[] {
  const restart = 'see the log; start the server again if it does not say';
  return [
    () => checked('event store', 'start the event store, and see EVENTSTORE_URL', () => eventStore(patient)),
    () => checked('event store clock', 'keep both clocks by NTP', () => eventStoreClock(patient)),
    () => checked('database', 'start the database, and see DATABASE_URL', () => database(patient)),
    () => checked('views', restart, () => views(patient)),
    () => checked('parked events', 'npm run latchkey -- parked shows them', () => parked(patient)),
    () => checked('due work', restart, () => dueWork(patient)),
  ];
}

async function eventStore({ bare, config }: Patient): Promise<Found> {
  const begun = performance.now();
  const end = await bare.ping();
  const took = Math.round(performance.now() - begun);
  const version = await bare.serverVersion().catch(() => 'of an unknown version');
  const which = config.eventstoreUrl === undefined ? 'embedded, speaks EventStoreDB' : 'EventStoreDB';
  return ok(`${which} ${version}; answers in ${took} ms${end ? '' : '; has no events yet'}`);
}

/** Of the newest event: that of a store on another machine can't be told otherwise. */
async function eventStoreClock({ store, config }: Patient): Promise<Found> {
  if (config.eventstoreUrl === undefined) return ok('that of this machine');
  for await (const { recordedAt } of store.readAllBackwards(1)) {
    const ahead = recordedAt - Date.now();
    return ahead > 0
      ? agreesWith('that of the event store', -ahead)
      : ok('not ahead of that of this machine');
  }
  return ok('not told yet');
}

async function database({ stores, config }: Patient): Promise<Found> {
  const { db } = stores.recordsDatabase;
  // Opening it has run what was missing of its migrations, or refused.
  if (config.databaseUrl === undefined) return ok('SQLite, migrations up to date');
  const { rows } = await sql<{ version: string; now: number }>`
    select current_setting('server_version') as version, extract(epoch from clock_timestamp())::float8 * 1000 as now
  `.execute(db);
  const [{ version, now }] = rows as [{ version: string; now: number }];
  const clocks = agreesWith('that of the database', Date.now() - now);
  if (clocks.standing !== 'ok')
    return { ...clocks, found: `PostgreSQL ${version}; our clock is ${clocks.found}` };
  return ok(`PostgreSQL ${version}, migrations up to date`);
}

async function views(patient: Patient): Promise<Found> {
  const { store } = patient;
  // A view passes what others of its kind fold, and nothing else.
  const newest = {
    ofFacts: await newestIn(store, DOMAIN_PREFIXES),
    ofPublic: await newestIn(store, PUBLIC_PREFIXES),
  };
  const first = await behind(patient, newest);
  if (first.missing.length > 0) {
    const found = `not built yet: ${first.missing.join(', ')}`;
    return patient.isRunning
      ? warn(found, 'they are being built: /health/ready says how far they are')
      : warn(found, 'start the server: it builds them');
  }
  const ofOther = await ofOtherStore(patient);
  if (ofOther.length > 0) {
    return bad(
      `the event store lacks what they were folded from: ${ofOther.join(', ')}`,
      'it is another one, or was restored: see EVENTSTORE_URL; a start folds them from what it has',
    );
  }
  if (first.behind.size === 0) return ok('they have every event');
  if (!patient.isRunning) return ok('they go on when the server starts');
  await delay(MOVES_WITHIN_MS);
  const later = await behind(patient, newest);
  const stuck = [...later.behind]
    .filter(([name, at]) => same(at, first.behind.get(name)))
    .map(([name]) => name);
  if (stuck.length > 0)
    return bad(`held up: ${stuck.join(', ')}`, 'the log says why; it tries again by itself');
  return later.behind.size === 0
    ? ok('they have every event')
    : warn(`behind, and going on: ${[...later.behind.keys()].join(', ')}`, 'ask again in a minute');
}

interface Newest {
  readonly ofFacts: Position | undefined;
  readonly ofPublic: Position | undefined;
}

async function behind({ store, stores, config, clock }: Patient, { ofFacts, ofPublic }: Newest) {
  const missing: string[] = [];
  const late = new Map<string, Position | undefined>();
  for (const view of replayableViews({ store, stores, config, clock })) {
    const { name } = view.projection;
    const checkpoints = new Checkpoints(liveDatabase(stores, view.home), view.projection);
    const newest = name === 'feed' ? ofPublic : ofFacts;
    const isBuilt = await checkpoints.isBuilt().catch(() => false);
    const position = isBuilt ? (await checkpoints.load())?.position : undefined;
    if (!isBuilt) missing.push(name);
    else if (newest && (!position || comparePositions(position, newest) < 0)) late.set(name, position);
  }
  return { missing, behind: late };
}

/** The built views whose last event is not in the event store. */
async function ofOtherStore({ store, stores, config, clock }: Patient): Promise<string[]> {
  const found: string[] = [];
  for (const view of replayableViews({ store, stores, config, clock })) {
    const checkpoints = new Checkpoints(liveDatabase(stores, view.home), view.projection);
    const checkpoint = await checkpoints.load();
    if (checkpoint && (await sharedHistory(store, checkpoint))) found.push(view.projection.name);
  }
  return found;
}

const same = (a: Position | undefined, b: Position | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0);

const PAGE = 500;
/** So many events are looked through for one that a view follows. */
const LOOKED_THROUGH = 20 * PAGE;

/** The newest event in streams whose names begin like one of these; undefined: none of late. */
async function newestIn(store: EventStore, prefixes: readonly string[]): Promise<Position | undefined> {
  let before: Position | undefined;
  for (let seen = 0; seen < LOOKED_THROUGH; seen += PAGE) {
    let count = 0;
    for await (const { stream, position } of store.readAllBackwards(PAGE, before)) {
      if (prefixes.some((prefix) => stream.startsWith(prefix))) return position;
      before = position;
      count++;
    }
    if (count < PAGE) return undefined;
  }
  return undefined;
}

async function parked({ stores }: Patient): Promise<Found> {
  const counts = new Map<string, number>();
  for await (const { view } of new ParkedEvents(stores).all()) counts.set(view, (counts.get(view) ?? 0) + 1);
  const foreign = counts.get(OF_OTHERS) ?? 0;
  counts.delete(OF_OTHERS);
  if (counts.size > 0) {
    const each = [...counts].map(([view, count]) => `${view} ${count}`).join(', ');
    return bad(
      `views go on without events of ours: ${each}`,
      'npm run latchkey -- parked says why; then parked retry',
    );
  }
  if (foreign === 0) return ok('none');
  const advice = 'npm run latchkey -- parked shows who put what into the event store';
  return warn(`${foreign} of others, set aside`, advice);
}

async function dueWork({ stores, clock, isRunning }: Patient): Promise<Found> {
  const { db, engine } = stores.views as Database<AgendaTables>;
  if (!(await tablesOf(db, engine)).includes(AGENDA))
    return warn('there is no agenda yet', 'start the server');
  const oldest = await db
    .selectFrom(AGENDA)
    .select(['subject', 'due_at', 'attempts'])
    .where('due_at', 'is not', null)
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst();
  const late = oldest ? clock.now() - oldest.due_at! : 0;
  if (!oldest || late <= 0) return ok('nothing is due');
  const found = `${oldest.subject} has been due for ${spanOf(late)}`;
  if (!isRunning) return ok(`${found}; the server does it when it starts`);
  const advice = 'see that an instance has the role worker, and what the log says';
  return late > STUCK_MS ? bad(found, advice) : late > LATE_MS ? warn(found, advice) : ok(found);
}
