import type { Database } from '@latchkey/database';
import { othersTurn, type Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { CODES, type CodesTables } from './codes-projection';

/** How many codes are looked at with one question to the vault: some milliseconds, between which others are served. */
const PAGE = 200;

/**
 * How many of the codes that are not gone have a PIN whose key the vault never had, as after an older vault was
 * restored. Codes whose key was erased do not count.
 * @param goOn asked before each page; false: stop counting
 */
export async function codesWithoutKeys(
  { db }: Pick<Database<CodesTables>, 'db'>,
  vault: Pick<Vault, 'unknownKeys'>,
  goOn: () => boolean = () => true,
): Promise<number> {
  let missing = 0;
  for (let last = ''; goOn();) {
    const rows = await db
      .selectFrom(CODES)
      .select(['code_id', 'state'])
      .where('code_id', '>', last)
      .where((eb) =>
        eb.or([
          eb('live_at', 'is not', null),
          eb('unmanaged_at', 'is not', null),
          eb('pool_at', 'is not', null),
        ]),
      )
      .orderBy('code_id')
      .limit(PAGE)
      .execute();
    if (rows.length === 0) break;
    const keyIds = rows.map(({ state }) => (JSON.parse(state) as AccessCode).wanted.pin.keyId);
    const unknown = new Set(await vault.unknownKeys(keyIds));
    missing += keyIds.filter((keyId) => unknown.has(keyId)).length;
    last = rows.at(-1)!.code_id;
    await othersTurn();
  }
  return missing;
}
