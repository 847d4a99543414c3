import {
  comparePositions,
  type EarlierVersion,
  type Position,
  positionFromText,
  positionToText,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { TRANSLATOR_VERSION as VERSION } from './translator-states';

const UP_TO = `translator_earlier_v${VERSION}`;
const PARKED = `translator_parked_v${VERSION}`;
/** The tables that say so: no event tells what is in them. */
export const TOLD_BY_EARLIER_VERSIONS: readonly string[] = [UP_TO, PARKED];

/**
 * What an earlier version of the translator has told. It may have had no words for what this one tells: that is no
 * news any more. But where it had to go on without an event, what it left out of that stream is told now.
 */
export class ToldEarlier {
  private constructor(
    private readonly upTo: Position | undefined,
    private readonly parkedStreams: ReadonlySet<string>,
  ) {}

  static async create(db: Kysely<Tables>, earlier: EarlierVersion | undefined): Promise<void> {
    await db.schema
      .createTable(UP_TO)
      .addColumn('up_to', 'text', (c) => c.notNull())
      .execute();
    await db.schema
      .createTable(PARKED)
      .addColumn('stream', 'text', (c) => c.primaryKey())
      .execute();
    if (!earlier?.position) return;
    await db
      .insertInto(UP_TO)
      .values({ up_to: positionToText(earlier.position) })
      .execute();
    for (const stream of earlier.parkedStreams) await db.insertInto(PARKED).values({ stream }).execute();
  }

  static async drop(db: Kysely<Tables>, version: number): Promise<void> {
    for (const table of ['translator_earlier', 'translator_parked']) {
      await db.schema.dropTable(`${table}_v${version}`).ifExists().execute();
    }
  }

  static async load(trx: Transaction<Tables>): Promise<ToldEarlier> {
    const row: { up_to: string } | undefined = await trx.selectFrom(UP_TO).select('up_to').executeTakeFirst();
    const parked: { stream: string }[] = await trx.selectFrom(PARKED).select('stream').execute();
    return new ToldEarlier(row && positionFromText(row.up_to), new Set(parked.map(({ stream }) => stream)));
  }

  /** Whether all that there was to tell of an event has been told. */
  has({ position, stream }: RecordedEvent): boolean {
    return (
      this.upTo !== undefined && comparePositions(position, this.upTo) <= 0 && !this.parkedStreams.has(stream)
    );
  }
}
