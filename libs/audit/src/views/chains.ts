import type { RecordedEvent } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { beginning, type Link, linked, shownFact } from '../chain/chain';
import { type AuditTables, CHAINS } from './audit-tables';

/** Links facts, in order, to the chains of their workspaces. */
export async function extendChains(
  db: Transaction<AuditTables>,
  events: readonly RecordedEvent[],
): Promise<void> {
  const workspaceIds = [...new Set(events.map(({ metadata }) => metadata.workspaceId))];
  const chains = await chainsOf(db, workspaceIds);
  for (const event of events) {
    const { workspaceId } = event.metadata;
    chains.set(workspaceId, linked(chains.get(workspaceId) ?? beginning(workspaceId), shownFact(event)));
  }
  for (const workspace_id of workspaceIds) {
    await db
      .insertInto(CHAINS)
      .values({ workspace_id, ...chains.get(workspace_id)! })
      .onConflict((conflict) =>
        conflict.column('workspace_id').doUpdateSet((eb) => ({
          length: eb.ref('excluded.length'),
          hash: eb.ref('excluded.hash'),
        })),
      )
      .execute();
  }
}

/** How far chains have come; those without facts are left out. */
export async function chainsOf(
  db: Kysely<AuditTables>,
  workspaceIds: readonly string[],
): Promise<Map<string, Link>> {
  if (workspaceIds.length === 0) return new Map();
  const rows = await db.selectFrom(CHAINS).selectAll().where('workspace_id', 'in', workspaceIds).execute();
  return new Map(rows.map(({ workspace_id, length, hash }) => [workspace_id, { length, hash }]));
}
