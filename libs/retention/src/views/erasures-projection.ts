import { ACCESS_CODE, codeCodec } from '@latchkey/access-codes';
import { chunks } from '@latchkey/database';
import { type Projection, readerOf, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';

/** Raised when what is kept of an erasure changes: the view is rebuilt then. */
const ERASURES_VERSION = 1;
export const ERASURES = `erasures_v${ERASURES_VERSION}` as const;

export interface ErasuresTables {
  /** Codes whose names are to be erased, until that is done. */
  [ERASURES]: { code_id: string };
}

const ROWS_AT_ONCE = 50;

/** What is left to be erased: by it, an erasure that a crash interrupted is found again. */
export class ErasuresProjection implements Projection {
  readonly name = 'erasures';
  readonly version = ERASURES_VERSION;
  readonly prefixes = [`${ACCESS_CODE}-`];
  readonly read = readerOf({ [ACCESS_CODE]: codeCodec });

  /** @param onDue told when there is something to be erased */
  constructor(private readonly onDue: () => void = () => undefined) {}

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(ERASURES)
      .addColumn('code_id', 'text', (c) => c.primaryKey())
      .execute();
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`erasures_v${version}`).ifExists().execute();
  }

  leavesAlone(_db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean> {
    return Promise.resolve(!events.some(isOfErasure));
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const db = trx as Transaction<ErasuresTables>;
    const isLeft = new Map<string, boolean>();
    for (const event of events.filter(isOfErasure)) isLeft.set(codeIdOf(event), event.type === BEGUN);
    const ids = (left: boolean) => [...isLeft].filter(([, is]) => is === left).map(([code_id]) => code_id);
    for (const some of chunks(ids(true), ROWS_AT_ONCE)) {
      const rows = some.map((code_id) => ({ code_id }));
      await db
        .insertInto(ERASURES)
        .values(rows)
        .onConflict((conflict) => conflict.column('code_id').doNothing())
        .execute();
    }
    for (const some of chunks(ids(false), ROWS_AT_ONCE))
      await db.deleteFrom(ERASURES).where('code_id', 'in', some).execute();
  }

  onApplied(events: readonly RecordedEvent[]): void {
    if (events.some(({ type }) => type === BEGUN)) this.onDue();
  }
}

const BEGUN = 'PersonalDataErased';

const isOfErasure = ({ type, stream }: RecordedEvent): boolean =>
  (type === BEGUN || type === 'ErasureCompleted') && stream.startsWith(`${ACCESS_CODE}-`);

const codeIdOf = ({ stream }: RecordedEvent): string => stream.slice(ACCESS_CODE.length + 1);

/** Codes that are left to be erased, so many of them at most. */
export async function erasuresLeft(db: Kysely<ErasuresTables>, limit: number): Promise<string[]> {
  const rows = await db.selectFrom(ERASURES).select('code_id').orderBy('code_id').limit(limit).execute();
  return rows.map((row) => row.code_id);
}
