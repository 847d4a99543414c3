import { type Vault } from '@latchkey/platform';
import { type Database } from '../database';
import { migrateRecords, type RecordsTables } from './records';
import { purposeOfAccountToken } from './account-tokens';
import { purposeOfSetting } from './settings';
import { purposeOfWebhook } from './webhook-endpoints';

/**
 * Seals with the vault what was sealed by other means before. What the vault can open stays as it is, so that this may
 * be repeated after a crash; so does what was never sealed.
 * @param openOld opens what was sealed before, or throws
 */
export async function resealSecrets<T>(
  database: Database<T>,
  vault: Vault,
  openOld: (purpose: string, sealed: string) => string,
): Promise<void> {
  await migrateRecords(database);
  const { db } = database as unknown as Database<RecordsTables>;
  const resealed = (purpose: string, sealed: string): string | undefined => {
    if (opened(() => vault.openSecret(purpose, sealed)) !== undefined) return undefined;
    const text = opened(() => openOld(purpose, sealed));
    return text === undefined ? undefined : vault.sealSecret(purpose, text);
  };
  for (const { key, value } of await db.selectFrom('settings').selectAll().execute()) {
    const sealed = resealed(purposeOfSetting(key), value);
    if (sealed) await db.updateTable('settings').set({ value: sealed }).where('key', '=', key).execute();
  }
  for (const row of await db.selectFrom('account_tokens').selectAll().execute()) {
    const sealed = resealed(purposeOfAccountToken(row.account_id), row.sealed);
    if (!sealed) continue;
    await db
      .updateTable('account_tokens')
      .set({ sealed })
      .where('account_id', '=', row.account_id)
      .where('sealed', '=', row.sealed)
      .execute();
  }
  const endpoints = await db
    .selectFrom('webhook_endpoints')
    .select(['webhook_id', 'sealed_secret'])
    .execute();
  for (const { webhook_id, sealed_secret } of endpoints) {
    const sealed = resealed(purposeOfWebhook(webhook_id), sealed_secret);
    if (!sealed) continue;
    await db
      .updateTable('webhook_endpoints')
      .set({ sealed_secret: sealed })
      .where('webhook_id', '=', webhook_id)
      .execute();
  }
}

function opened(open: () => string): string | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}
