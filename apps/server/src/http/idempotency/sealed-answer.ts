import { KeyErasedError, type SealedPin, type Vault } from '@latchkey/platform';

/**
 * An answer as it may be kept: each PIN in it is sealed under the key of its access code, so that erasing the
 * code erases it here too; other codes and secrets are sealed under a key that is erased with the answer.
 * @param keyId that key
 */
export async function sealAnswer(vault: Vault, body: unknown, keyId: string): Promise<string> {
  return JSON.stringify(await mapSecrets(body, null, (text, codeId) => sealed(vault, text, codeId ?? keyId)));
}

/** The answer as it was given; PINs that have been erased since are null, and those that an older vault has no keys of. */
export async function openAnswer(vault: Vault, kept: string): Promise<unknown> {
  return mapSecrets(JSON.parse(kept), null, (box) => opened(vault, box));
}

async function sealed(vault: Vault, text: unknown, keyId: string): Promise<unknown> {
  if (typeof text !== 'string') return text;
  try {
    return await vault.seal(keyId, text);
  } catch (error) {
    if (error instanceof KeyErasedError) return null;
    throw error;
  }
}

async function opened(vault: Vault, box: unknown): Promise<unknown> {
  if (typeof box !== 'object' || box === null) return box;
  // Of an earlier version, under a master key that may be gone.
  if ('secret' in box) return null;
  const [text] = await vault.openAll([box as SealedPin]);
  return text;
}

/** A copy with every PIN and everything called `secret` replaced, told which access code it is part of. */
async function mapSecrets(
  value: unknown,
  codeId: string | null,
  replace: (secret: unknown, codeId: string | null) => Promise<unknown>,
): Promise<unknown> {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => mapSecrets(item, codeId, replace)));
  const fields = value as Record<string, unknown>;
  const owner = typeof fields.access_code_id === 'string' ? fields.access_code_id : codeId;
  // A change of a PIN is told as { field: 'code', from, to }.
  const ofCode = fields.field === 'code' || fields.property === 'code';
  const entries = Object.entries(fields).map(async ([name, field]) => [
    name,
    name === 'code' || name === 'secret' || (ofCode && ['from', 'to'].includes(name))
      ? await replace(field, owner)
      : await mapSecrets(field, owner, replace),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as unknown;
}
