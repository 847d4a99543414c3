import { codeCodec } from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import { sql } from 'kysely';
import { type AuditTables, ENTRIES } from './audit-tables';

/**
 * The codes of a workspace that have, or once had, exactly that name. It goes through all that happened there: no index
 * knows what things were called before.
 */
export async function codesNamed(
  { db, engine }: Database<AuditTables>,
  workspaceId: string,
  name: string,
): Promise<string[]> {
  const said = `"name":${JSON.stringify(name)}`;
  const at =
    engine === 'postgres' ? sql<number>`strpos(detail, ${said})` : sql<number>`instr(detail, ${said})`;
  const rows = await db
    .selectFrom(ENTRIES)
    .select('access_code_id')
    .distinct()
    .where('workspace_id', '=', workspaceId)
    .where('access_code_id', 'is not', null)
    .where('event_type', 'in', NAMING)
    .where(at, '>', 0)
    .orderBy('access_code_id')
    .execute();
  return rows.map((row) => row.access_code_id!);
}

/** Of codes alone: what is called so otherwise is nobody's code. */
const NAMING = codeCodec.written.map(({ type }) => type);
