import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A password as it is kept: never the password. */
export interface PasswordHash {
  /** `scrypt$N$r$p$<base64>`. */
  readonly hash: string;
  readonly salt: string;
}

const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const KEY_BYTES = 32;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST, BLOCK_SIZE, PARALLELISM);
  return {
    hash: `scrypt$${COST}$${BLOCK_SIZE}$${PARALLELISM}$${key.toString('base64')}`,
    salt: salt.toString('base64'),
  };
}

export async function verifyPassword(password: string, kept: PasswordHash): Promise<boolean> {
  const [name, cost, blockSize, parallelism, encoded] = kept.hash.split('$');
  if (name !== 'scrypt' || !encoded) return false;
  const expected = Buffer.from(encoded, 'base64');
  const salt = Buffer.from(kept.salt, 'base64');
  const key = await derive(password, salt, Number(cost), Number(blockSize), Number(parallelism));
  return key.length === expected.length && timingSafeEqual(key, expected);
}

function derive(password: string, salt: Buffer, N: number, r: number, p: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { N, r, p }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
