import { createHash } from 'node:crypto';
import { newApiToken, PERMISSIONS, type Records } from '@latchkey/database';
import { type Clock, type Config, type Ids, type Random, StartupError } from '@latchkey/platform';

const TOKEN = 'sandbox.api_key';
/** What the sandbox's key has ever been, as hashes: none of it becomes a key a second time. JSON */
const USED = 'sandbox.api_keys_used';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * The API key of the sandbox's workspace: the one that is set, else the one before, else one that is drawn. Another one
 * takes the place of the one before, which is good no more; one that was revoked stays revoked.
 * @throws {StartupError} where the setting names one that was revoked
 */
export async function sandboxKey(
  records: Records,
  workspaceId: string,
  { sandboxApiKey }: Pick<Config, 'sandboxApiKey'>,
  parts: { readonly clock: Clock; readonly ids: Ids; readonly random: Random },
): Promise<string> {
  const { settings, apiKeys } = records;
  const before = await settings.getSecret(TOKEN);
  const used = await usedBefore(records, before);
  const token = sandboxApiKey ?? before;
  const standing = token !== null && token === before ? await apiKeys.find(token) : null;
  if (token !== null && standing) {
    // Made by a version that had fewer permissions.
    const lacks = PERMISSIONS.some((permission) => !standing.permissions.includes(permission));
    if (lacks) await apiKeys.permit(standing.apiKeyId, PERMISSIONS);
    return token;
  }
  if (sandboxApiKey !== undefined && used.includes(hashOf(sandboxApiKey)))
    throw new StartupError(
      'SANDBOX_API_KEY names a key that was revoked or replaced: choose another, or leave it out.',
    );
  const next = sandboxApiKey ?? newApiToken(parts.random);
  // First the note, so that a crash in between leaves no key that could be made again.
  await settings.set(USED, JSON.stringify([...used, hashOf(next)]));
  if (before !== null) await endKey(records, before);
  await apiKeys.create({
    apiKeyId: parts.ids.uuid(),
    workspaceId,
    name: 'Sandbox',
    token: next,
    createdAt: parts.clock.now(),
    permissions: PERMISSIONS,
  });
  await settings.setSecret(TOKEN, next);
  return next;
}

/** A sandbox's key opens nothing on a server of real locks. */
export async function endSandboxKey(records: Records): Promise<void> {
  const token = await records.settings.getSecret(TOKEN);
  if (token !== null) await endKey(records, token);
}

/** Versions before kept no list: the key that they left is one that was used. */
async function usedBefore({ settings }: Records, before: string | null): Promise<string[]> {
  const kept = await settings.get(USED);
  if (kept !== null) return JSON.parse(kept) as string[];
  return before === null ? [] : [hashOf(before)];
}

async function endKey({ apiKeys }: Records, token: string): Promise<void> {
  const key = await apiKeys.find(token);
  if (key) await apiKeys.revoke(key.apiKeyId);
}
