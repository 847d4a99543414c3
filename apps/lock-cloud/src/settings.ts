import { join } from 'node:path';
import { z } from 'zod';
import type { LockCloudOptions } from './index';

const settings = z.object({
  LOCK_CLOUD_PORT: z.coerce.number('is not a port').int().min(0).max(65535).default(3100),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('./data'),
  LOCK_CLOUD_DATA: z.string().min(1).optional(),
  LOCK_CLOUD_CLIENT_ID: z.string().min(1).default('latchkey'),
  LOCK_CLOUD_CLIENT_SECRET: z.string().min(1).default('latchkey-sandbox-secret'),
  /** Separated by commas. */
  LOCK_CLOUD_REDIRECT_URIS: z.string().default(''),
  /** When it ends is for its parent alone to say. */
  LOCK_CLOUD_ENDS_WITH_PARENT: z.stringbool().default(false),
  LOCK_CLOUD_RESET_CLOCK: z.stringbool().default(false),
});

/** Reads the environment; the message of the error names the first setting that is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv): LockCloudOptions & { endsWithParent: boolean } {
  const result = settings.safeParse(environment);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new Error(`The setting ${issue?.path.join('.')} is wrong: ${issue?.message}`);
  }
  const {
    LOCK_CLOUD_PORT,
    HOST,
    DATA_DIR,
    LOCK_CLOUD_DATA,
    LOCK_CLOUD_CLIENT_ID,
    LOCK_CLOUD_CLIENT_SECRET,
    LOCK_CLOUD_REDIRECT_URIS,
  } = result.data;
  return {
    port: LOCK_CLOUD_PORT,
    host: HOST,
    dataDir: LOCK_CLOUD_DATA ?? join(DATA_DIR, 'lock-cloud'),
    clientId: LOCK_CLOUD_CLIENT_ID,
    clientSecret: LOCK_CLOUD_CLIENT_SECRET,
    redirectUris: LOCK_CLOUD_REDIRECT_URIS.split(',').filter((uri) => uri !== ''),
    resetClock: result.data.LOCK_CLOUD_RESET_CLOCK,
    endsWithParent: result.data.LOCK_CLOUD_ENDS_WITH_PARENT,
  };
}
