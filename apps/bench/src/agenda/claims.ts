import { AGENDA, AgendaProjection, AgendaRows, type AgendaTables } from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import { type Clock, RandomIds } from '@latchkey/platform';
import { type Kysely, sql } from 'kysely';

/** How long claims took, ms. */
export interface ClaimTimes {
  readonly one: number[];
  readonly batch: number[];
}

const ROUNDS = 100;
/** As many as the executor claims at once. */
export const CLAIMED_AT_ONCE = 64;

/** Times claims of one row and of a batch among so many sleeping and due rows. */
export async function timeClaims(
  database: Database<AgendaTables>,
  clock: Clock,
  { sleeping, due }: { sleeping: number; due: number },
): Promise<ClaimTimes> {
  const agenda = new AgendaProjection(clock, () => undefined);
  await agenda.create(database.db as Kysely<unknown>);
  await agenda.index(database.db as Kysely<unknown>);
  await fill(database, clock.now(), sleeping, due);
  const rows = new AgendaRows(database, { owner: new RandomIds().uuid(), clock, wall: () => Date.now() });
  const times: ClaimTimes = { one: [], batch: [] };
  for (const [limit, kept] of [
    [1, times.one],
    [CLAIMED_AT_ONCE, times.batch],
  ] as const) {
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      const claims = await rows.claim(clock.now(), limit);
      kept.push(performance.now() - began);
      await rows.releaseThese(claims);
      if (claims.length !== limit) throw new Error(`${claims.length} of ${limit} rows were claimed`);
    }
  }
  return times;
}

async function fill({ db }: Database<AgendaTables>, now: number, sleeping: number, due: number) {
  await sql`
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${sql.lit(sleeping + due)})
    insert into ${sql.table(AGENDA)} (subject, kind, id, workspace_id, device_id, due_at, revision,
      planned_revision, version, attempts, for_keypad, waiting_for_lock, waiting_since, lease_until)
    select 'code:' || n, 'code', 'code-' || n, 'workspace-1', 'device-' || (n % 500),
      case when n <= ${sql.lit(due)} then ${sql.lit(now)} - n else ${sql.lit(now)} + 86400000 + n end,
      0, 0, 0, 0, 0, 0, 0, 0 from numbers`.execute(db);
  await sql`analyze`.execute(db);
}
