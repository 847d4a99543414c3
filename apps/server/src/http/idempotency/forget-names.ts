import type { Database } from '@latchkey/database';
import type { IdempotencyTable } from './idempotency-records';

/**
 * Takes from the answers that are kept what these codes were called: given again, they have null in its place. It looks at
 * the answers of a day, which is as long as any is kept.
 */
export async function forgetNames(database: Database<unknown>, codeIds: readonly string[]): Promise<void> {
  const { db } = database as Database<IdempotencyTable>;
  const erased = new Set(codeIds);
  for (const codeId of codeIds) {
    const rows = await db
      .selectFrom('idempotency_keys')
      .select(['workspace_id', 'idempotency_key', 'body'])
      .where('body', 'like', `%"access_code_id":"${codeId}"%`)
      .execute();
    for (const { workspace_id, idempotency_key, body } of rows) {
      await db
        .updateTable('idempotency_keys')
        .set({ body: JSON.stringify(nameless(JSON.parse(body!), erased)) })
        .where('workspace_id', '=', workspace_id)
        .where('idempotency_key', '=', idempotency_key)
        .execute();
    }
  }
}

/** What stands under these says what a code is called, or which codes it goes with. */
const NAMES: ReadonlySet<string> = new Set(['name', 'common_code_key']);

/** @param isOfCode whether it is part of what is told of such a code */
function nameless(value: unknown, erased: ReadonlySet<string>, isOfCode = false): unknown {
  if (Array.isArray(value)) return value.map((each) => nameless(each, erased, isOfCode));
  if (typeof value !== 'object' || value === null) return value;
  const { access_code_id: id, field, property } = value as Readonly<Record<string, unknown>>;
  const own = typeof id === 'string' ? erased.has(id) : isOfCode;
  const isOfName = field === 'name' || property === 'name';
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      const isName = NAMES.has(name) || (isOfName && (name === 'from' || name === 'to'));
      return [name, own && isName ? null : nameless(inner, erased, own)];
    }),
  );
}
