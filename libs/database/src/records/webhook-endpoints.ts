import { type Vault } from '@latchkey/platform';
import { type Selectable } from 'kysely';
import { type Database } from '../database';
import { lockUntilCommit } from '../engines/locks';
import { type Migration } from '../migrate';

/** Where a workspace's events are sent. */
export interface WebhookEndpoint {
  webhookId: string;
  workspaceId: string;
  url: string;
  /** Names of events, whole or up to a final `*`. */
  eventTypes: string[];
  /** What deliveries are signed with: whsec_ and base64. */
  secret: string;
  /** ms since the epoch */
  createdAt: number;
  /** Since when no delivery has succeeded, ms; null while they do. */
  failingSince: number | null;
  /** When it was disabled, ms; null while it is enabled. */
  disabledAt: number | null;
}

export interface WebhookEndpoints {
  /** @returns false when the workspace has `atMost` already: then it is not made */
  create(
    endpoint: Pick<
      WebhookEndpoint,
      'webhookId' | 'workspaceId' | 'url' | 'eventTypes' | 'secret' | 'createdAt'
    >,
    atMost?: number,
  ): Promise<boolean>;
  /** Of any workspace. */
  find(webhookId: string): Promise<WebhookEndpoint | null>;
  /** A workspace's, oldest first. */
  list(workspaceId: string): Promise<WebhookEndpoint[]>;
  /**
   * Gives it other event types, and enables it again if it was disabled.
   * @returns whether the workspace has it
   */
  update(workspaceId: string, webhookId: string, eventTypes: string[]): Promise<boolean>;
  /** @returns whether the workspace had it */
  delete(workspaceId: string, webhookId: string): Promise<boolean>;
  /** A delivery failed at `at` (ms). @returns since when none has succeeded, ms */
  failed(webhookId: string, at: number): Promise<number>;
  /** A delivery succeeded. */
  delivered(webhookId: string): Promise<void>;
  disable(webhookId: string, at: number): Promise<void>;
}

export interface WebhookEndpointsTable {
  webhook_endpoints: {
    webhook_id: string;
    workspace_id: string;
    url: string;
    /** JSON */
    event_types: string;
    sealed_secret: string;
    created_at: number;
    failing_since: number | null;
    disabled_at: number | null;
  };
}

export const webhookEndpointsMigration: Migration = {
  name: 'webhook_endpoints',
  async up(db) {
    await db.schema
      .createTable('webhook_endpoints')
      .addColumn('webhook_id', 'text', (column) => column.primaryKey())
      .addColumn('workspace_id', 'text', (column) => column.notNull().references('workspaces.workspace_id'))
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('event_types', 'text', (column) => column.notNull())
      .addColumn('sealed_secret', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('failing_since', 'bigint')
      .addColumn('disabled_at', 'bigint')
      .execute();
    await db.schema
      .createIndex('webhook_endpoints_by_workspace')
      .on('webhook_endpoints')
      .columns(['workspace_id', 'created_at'])
      .execute();
  },
};

export const purposeOfWebhook = (webhookId: string): string => `webhook/${webhookId}`;

export const webhookEndpoints = (database: Database<WebhookEndpointsTable>, vault: Vault): WebhookEndpoints =>
  new StoredWebhookEndpoints(database, vault);

class StoredWebhookEndpoints implements WebhookEndpoints {
  constructor(
    private readonly database: Database<WebhookEndpointsTable>,
    private readonly vault: Vault,
  ) {}

  create(
    { webhookId, workspaceId, url, eventTypes, secret, createdAt }: Parameters<WebhookEndpoints['create']>[0],
    atMost = Number.MAX_SAFE_INTEGER,
  ): Promise<boolean> {
    const { database, vault } = this;
    return database.transaction(async (trx) => {
      const name = `webhook_endpoints/${workspaceId}`;
      await lockUntilCommit<WebhookEndpointsTable>(trx, database.engine, name);
      const { count } = await trx
        .selectFrom('webhook_endpoints')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('workspace_id', '=', workspaceId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= atMost) return false;
      await trx
        .insertInto('webhook_endpoints')
        .values({
          webhook_id: webhookId,
          workspace_id: workspaceId,
          url,
          event_types: JSON.stringify(eventTypes),
          sealed_secret: vault.sealSecret(purposeOfWebhook(webhookId), secret),
          created_at: createdAt,
          failing_since: null,
          disabled_at: null,
        })
        .execute();
      return true;
    });
  }

  async find(webhookId: string): Promise<WebhookEndpoint | null> {
    const row = await this.database.db
      .selectFrom('webhook_endpoints')
      .selectAll()
      .where('webhook_id', '=', webhookId)
      .executeTakeFirst();
    return row ? this.opened(row) : null;
  }

  async list(workspaceId: string): Promise<WebhookEndpoint[]> {
    const rows = await this.database.db
      .selectFrom('webhook_endpoints')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .orderBy('created_at')
      .orderBy('webhook_id')
      .execute();
    return rows.map((row) => this.opened(row));
  }

  async update(workspaceId: string, webhookId: string, eventTypes: string[]): Promise<boolean> {
    const { numUpdatedRows } = await this.set(webhookId, {
      event_types: JSON.stringify(eventTypes),
      failing_since: null,
      disabled_at: null,
    })
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async delete(workspaceId: string, webhookId: string): Promise<boolean> {
    const { numDeletedRows } = await this.database.db
      .deleteFrom('webhook_endpoints')
      .where('webhook_id', '=', webhookId)
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async failed(webhookId: string, at: number): Promise<number> {
    await this.set(webhookId, { failing_since: at }).where('failing_since', 'is', null).execute();
    const row = await this.database.db
      .selectFrom('webhook_endpoints')
      .select('failing_since')
      .where('webhook_id', '=', webhookId)
      .executeTakeFirst();
    return row?.failing_since ?? at;
  }

  async delivered(webhookId: string): Promise<void> {
    await this.set(webhookId, { failing_since: null }).where('failing_since', 'is not', null).execute();
  }

  async disable(webhookId: string, at: number): Promise<void> {
    await this.set(webhookId, { disabled_at: at }).where('disabled_at', 'is', null).execute();
  }

  private set(webhookId: string, values: Partial<WebhookEndpointsTable['webhook_endpoints']>) {
    return this.database.db.updateTable('webhook_endpoints').set(values).where('webhook_id', '=', webhookId);
  }

  private opened(row: Selectable<WebhookEndpointsTable['webhook_endpoints']>): WebhookEndpoint {
    return {
      webhookId: row.webhook_id,
      workspaceId: row.workspace_id,
      url: row.url,
      eventTypes: JSON.parse(row.event_types) as string[],
      secret: this.vault.openSecret(purposeOfWebhook(row.webhook_id), row.sealed_secret),
      createdAt: row.created_at,
      failingSince: row.failing_since,
      disabledAt: row.disabled_at,
    };
  }
}
