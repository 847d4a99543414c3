import {
  ACCESS_CODE,
  AGENDA,
  AgendaProjection,
  codeCodec,
  codeFold,
  CODES,
  isGone,
  LOCK_LEASES,
  LOCKS,
} from '@latchkey/access-codes';
import { AuditProjection } from '@latchkey/audit';
import type { Stores } from '@latchkey/database';
import { DeciderStreams, type EventStore, type Projection } from '@latchkey/event-sourcing';
import { type Clock, type Config, RandomIds } from '@latchkey/platform';
import { FeedProjection, TOLD_BY_EARLIER_VERSIONS, Translator } from '@latchkey/public-events';
import { type RawBuilder, sql } from 'kysely';
import { viewsOfQueries } from '../stores/views';
import type { DifferingRow } from './differences';

/** In which of the stores a view lives. */
export type Home = 'views' | 'feed' | 'audit';

/** A view that can be folded again from the facts, beside the one that is read. */
export interface ReplayableView {
  readonly home: Home;
  readonly projection: Projection;
  /** Columns that change by more than events, by table, or whole tables: they are neither compared nor replaced. */
  readonly besidesEvents: Readonly<Record<string, readonly string[] | 'all'>>;
  /** Tables whose rows no event tells of, and by which it is folded: a fresh one begins with them. */
  readonly givenTables: readonly string[];
  /** Which of the rows of a table that are missing ought to be there, in SQL; left out: all. */
  mustBeThere?(table: string, row: string, live: string): RawBuilder<boolean> | undefined;
  /** Whether a row that differs is as it should be after all, by its stream; left out: none is. */
  isRight?(table: string, row: DifferingRow): Promise<boolean>;
}

export interface ReplayParts {
  readonly store: EventStore;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly stores: Pick<Stores<any>, 'views' | 'feed' | 'audit'>;
  readonly config: Config;
  readonly clock: Clock;
}

const plain = (home: Home, projection: Projection): ReplayableView => ({
  home,
  projection,
  besidesEvents: {},
  givenTables: [],
});

/** Every view that is folded from facts alone, in the order in which they are best folded. */
export function replayableViews(parts: ReplayParts): readonly ReplayableView[] {
  const { store, config } = parts;
  return [
    ...viewsOfQueries().map((projection) => plain('views', projection)),
    agenda(parts),
    plain('feed', new FeedProjection()),
    {
      ...plain('feed', new Translator(store, config)),
      givenTables: TOLD_BY_EARLIER_VERSIONS,
    },
    plain('audit', new AuditProjection()),
  ];
}

/** The executor puts rows off, and drops those of codes that are gone and cleaned up. */
function agenda({ store, clock }: Pick<ReplayParts, 'store' | 'clock'>): ReplayableView {
  const streams = { store, clock, ids: new RandomIds() };
  const codes = new DeciderStreams({ ...streams, category: ACCESS_CODE, codec: codeCodec, fold: codeFold });
  return {
    ...plain('views', new AgendaProjection(clock, () => undefined)),
    besidesEvents: {
      [AGENDA]: [
        ...['due_at', 'planned_revision', 'version', 'attempts', 'for_keypad'],
        ...['waiting_for_lock', 'waiting_since', 'lease_owner', 'lease_until'],
      ],
      [LOCK_LEASES]: 'all',
      [LOCKS]: ['read_back_of'],
    },
    mustBeThere: (table, row, live) => {
      if (table !== AGENDA) return undefined;
      const code = sql.id(live, CODES);
      return sql<boolean>`(${sql.id(row, 'kind')} <> 'code' or exists (
        select 1 from ${code} where ${code}.code_id = ${sql.id(row, 'id')} and
          (${code}.live_at is not null or ${code}.unmanaged_at is not null or ${code}.pool_at is not null)))`;
    },
    isRight: async (table, { fresh, live, key }) => {
      if (table !== AGENDA || (fresh ?? live)!['kind'] !== 'code') return false;
      const { state } = await codes.load(key.slice(key.indexOf(':') + 1));
      return state === null || isGone(state);
    },
  };
}
