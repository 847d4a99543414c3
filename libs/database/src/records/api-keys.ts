import { MINUTE } from '@latchkey/platform';
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Kysely } from 'kysely';
import { type Database } from '../database';
import { KeptRows } from '../kept-rows';
import { type Migration } from '../migrate';
import { prepared } from '../prepared';

/** What a key may do besides using the API. */
export type Permission = 'audit' | 'erasure' | 'subscriptions' | 'operations';

/** All that there are. */
export const PERMISSIONS: readonly Permission[] = ['audit', 'erasure', 'subscriptions', 'operations'];

/** What is kept of an API key: never the token itself. */
export interface ApiKey {
  apiKeyId: string;
  workspaceId: string;
  name: string;
  /** The token's beginning, by which its owner recognises it. */
  prefix: string;
  /** ms since the epoch */
  createdAt: number;
  /** ms since the epoch, to within a minute; null: never used */
  lastUsedAt: number | null;
  permissions: readonly Permission[];
}

export interface ApiKeys {
  /** @throws if that id or token exists already (see isUniqueViolation) */
  create(key: {
    apiKeyId: string;
    workspaceId: string;
    name: string;
    token: string;
    createdAt: number;
    /** Left out: none. */
    permissions?: readonly Permission[];
  }): Promise<void>;
  /** The key with that token; null if it never existed or was revoked. Takes equally long for both. */
  find(
    token: string,
  ): Promise<{ apiKeyId: string; workspaceId: string; permissions: readonly Permission[] } | null>;
  /** The same for who comes with one token again and again: it is hashed once. */
  finder(token: string): () => ReturnType<ApiKeys['find']>;
  /** Those of a workspace, oldest first. */
  list(workspaceId: string): Promise<ApiKey[]>;
  /** What a key may do from now on, besides using the API. */
  permit(apiKeyId: string, permissions: readonly Permission[]): Promise<void>;
  /** Ends a key, at once and for good. @returns whether there was one */
  revoke(apiKeyId: string): Promise<boolean>;
  /** Records the last use, at the instant `at` (ms); written once a minute at most. @returns undefined where it is not */
  touch(apiKeyId: string, at: number): Promise<void> | undefined;
}

export interface ApiKeysTable {
  api_keys: {
    api_key_id: string;
    workspace_id: string;
    name: string;
    token_hash: string;
    prefix: string;
    created_at: number;
    last_used_at: number | null;
    /** A list as JSON; null: none. */
    permissions: string | null;
  };
}

const TOUCH_EVERY = MINUTE;
const PREFIX_LENGTH = 'seam_'.length + 4;
const NOBODY = Buffer.alloc(32);

export const apiKeysMigration: Migration = {
  name: 'api_keys',
  async up(db) {
    await db.schema
      .createTable('api_keys')
      .addColumn('api_key_id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.workspace_id'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('token_hash', 'text', (column) => column.notNull().unique())
      .addColumn('prefix', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .execute();
    await db.schema.createIndex('api_keys_workspace').on('api_keys').column('workspace_id').execute();
  },
};

/** Keys of earlier versions have none. */
export const apiKeyPermissionsMigration: Migration = {
  name: 'api_key_permissions',
  async up(db) {
    await db.schema.alterTable('api_keys').addColumn('permissions', 'text').execute();
  },
};

const KEPT = 10_000;

const byHash = prepared<
  ApiKeysTable,
  { hash: string },
  Pick<ApiKeysTable['api_keys'], 'api_key_id' | 'workspace_id' | 'token_hash' | 'permissions'>
>((db, p) =>
  db
    .selectFrom('api_keys')
    .select(['api_key_id', 'workspace_id', 'token_hash', 'permissions'])
    .where('token_hash', '=', p.hash),
);

type Found = Awaited<ReturnType<ApiKeys['find']>>;

async function find(db: Kysely<ApiKeysTable>, wanted: Buffer): Promise<Found> {
  const [row] = await byHash.rows(db, { hash: wanted.toString('hex') });
  const same = timingSafeEqual(wanted, row ? Buffer.from(row.token_hash, 'hex') : NOBODY);
  if (!row || !same) return null;
  return { apiKeyId: row.api_key_id, workspaceId: row.workspace_id, permissions: permissionsOf(row) };
}

export const apiKeys = (database: Database<ApiKeysTable>): ApiKeys => new StoredApiKeys(database);

class StoredApiKeys implements ApiKeys {
  private readonly db: Kysely<ApiKeysTable>;
  /** When each key's last use was written last, ms. */
  private readonly touched = new Map<string, number>();
  private readonly kept: KeptRows<NonNullable<Found>>;

  constructor(database: Database<ApiKeysTable>) {
    this.db = database.db;
    this.kept = new KeptRows(database, KEPT);
  }

  async create(key: Parameters<ApiKeys['create']>[0]): Promise<void> {
    const { apiKeyId, workspaceId, name, token, createdAt, permissions = [] } = key;
    await this.db
      .insertInto('api_keys')
      .values({
        api_key_id: apiKeyId,
        workspace_id: workspaceId,
        name,
        token_hash: hash(token).toString('hex'),
        prefix: token.slice(0, PREFIX_LENGTH),
        created_at: createdAt,
        last_used_at: null,
        permissions: permissions.length === 0 ? null : JSON.stringify(permissions),
      })
      .execute();
  }

  find(token: string): Promise<Found> {
    return this.finder(token)();
  }

  finder(token: string): () => Promise<Found> {
    const wanted = hash(token);
    const text = wanted.toString('base64');
    const load = () => find(this.db, wanted);
    return () => this.kept.get(text, load);
  }

  async list(workspaceId: string): Promise<ApiKey[]> {
    const rows = await this.db
      .selectFrom('api_keys')
      .select(['api_key_id', 'workspace_id', 'name', 'prefix', 'created_at', 'last_used_at', 'permissions'])
      .where('workspace_id', '=', workspaceId)
      .orderBy('created_at')
      .orderBy('api_key_id')
      .execute();
    return rows.map((row) => ({
      apiKeyId: row.api_key_id,
      workspaceId: row.workspace_id,
      name: row.name,
      prefix: row.prefix,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      permissions: permissionsOf(row),
    }));
  }

  async permit(apiKeyId: string, permissions: readonly Permission[]): Promise<void> {
    const query = this.db
      .updateTable('api_keys')
      .set({ permissions: JSON.stringify(permissions) })
      .where('api_key_id', '=', apiKeyId);
    await this.kept.written(() => query.execute());
  }

  async revoke(apiKeyId: string): Promise<boolean> {
    this.touched.delete(apiKeyId);
    const query = this.db.deleteFrom('api_keys').where('api_key_id', '=', apiKeyId);
    const [result] = await this.kept.written(() => query.execute());
    return result !== undefined && result.numDeletedRows > 0n;
  }

  touch(apiKeyId: string, at: number): Promise<void> | undefined {
    const last = this.touched.get(apiKeyId);
    if (last !== undefined && at - last < TOUCH_EVERY) return undefined;
    this.touched.set(apiKeyId, at);
    return this.writeLastUse(apiKeyId, at);
  }

  private async writeLastUse(apiKeyId: string, at: number): Promise<void> {
    await this.db
      .updateTable('api_keys')
      .set({ last_used_at: at })
      .where('api_key_id', '=', apiKeyId)
      .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', at)]))
      .execute();
  }
}

const permissionsOf = ({ permissions }: { permissions: string | null }): Permission[] =>
  permissions === null ? [] : (JSON.parse(permissions) as Permission[]);

// A fast hash is right here: tokens are 32 random bytes, which nobody can try through, whereas a slow hash would
// be paid for at every request. Looking it up by the hash tells a watch-holder nothing about the token.
function hash(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
