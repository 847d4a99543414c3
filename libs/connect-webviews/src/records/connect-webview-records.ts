import { between, type Database, inSteps, inWindows, migrate, type Migration } from '@latchkey/database';
import { contains, meantByMetadata } from '@latchkey/devices';
import { type Page, pageOf, type PageRequest, type RowKey, startOf, type Vault } from '@latchkey/platform';
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';

/** The parameters of a connect webview, kept as they came. */
export interface WebviewWishes {
  readonly acceptedProviders: readonly string[];
  /** Null: nothing was said. */
  readonly acceptedCapabilities: readonly string[] | null;
  readonly customRedirectUrl: string | null;
  readonly customRedirectFailureUrl: string | null;
  readonly customMetadata: Readonly<Record<string, string | boolean>>;
  readonly customerKey: string | null;
  /** Null: nothing was said. */
  readonly automaticallyManageNewDevices: boolean | null;
  readonly deviceSelectionMode: 'none' | 'single' | 'multiple';
  readonly waitForDeviceCreation: boolean;
}

/** One invitation to connect an account, and its state. Instants in ms. */
export interface ConnectWebview {
  readonly connectWebviewId: string;
  readonly workspaceId: string;
  readonly wishes: WebviewWishes;
  readonly createdAt: number;
  /** The lock maker that was chosen last. */
  readonly provider: string | null;
  readonly status: 'pending' | 'failed' | 'authorized';
  readonly authorizedAt: number | null;
  readonly connectedAccountId: string | null;
  /** The token in the link; null: created by a version whose links were derived from the id. */
  readonly linkToken: string | null;
}

interface WebviewsTable {
  connect_webviews: {
    connect_webview_id: string;
    workspace_id: string;
    /** JSON */
    wishes: string;
    /** The parameters by which a list is narrowed. */
    customer_key: string | null;
    /** In lower case. */
    search_text: string;
    /** As `entriesOf` writes them. */
    metadata_entries: string;
    created_at: number;
    provider: string | null;
    /** The nonce that comes back from the lock maker; used once. */
    nonce: string | null;
    /** SHA-256 (base64url) of the secret in the browser's cookie. */
    challenge: string | null;
    /** The token in the link, sealed. */
    link_token: string | null;
    status: ConnectWebview['status'];
    authorized_at: number | null;
    connected_account_id: string | null;
  };
}

/** The tables of invitations, step by step. */
export const webviewMigrations: Migration[] = [
  {
    name: 'connect_webviews',
    async up(db) {
      await db.schema
        .createTable('connect_webviews')
        .addColumn('connect_webview_id', 'text', (column) => column.primaryKey())
        .addColumn('workspace_id', 'text', (column) => column.notNull())
        .addColumn('wishes', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('provider', 'text')
        .addColumn('nonce', 'text')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('authorized_at', 'bigint')
        .addColumn('connected_account_id', 'text')
        .execute();
      await db.schema
        .createIndex('connect_webviews_by_workspace')
        .on('connect_webviews')
        .columns(['workspace_id', 'created_at', 'connect_webview_id'])
        .execute();
    },
  },
  {
    name: 'connect_webviews_links',
    async up(db) {
      for (const column of ['challenge', 'link_token'])
        await db.schema.alterTable('connect_webviews').addColumn(column, 'text').execute();
    },
  },
  {
    name: 'connect_webviews_filters',
    async up(db) {
      await db.schema.alterTable('connect_webviews').addColumn('customer_key', 'text').execute();
      for (const column of ['search_text', 'metadata_entries'])
        await db.schema
          .alterTable('connect_webviews')
          .addColumn(column, 'text', (text) => text.notNull().defaultTo(''))
          .execute();
      await fillIn(db);
      await db.schema
        .createIndex('connect_webviews_by_customer')
        .on('connect_webviews')
        .columns(['workspace_id', 'customer_key', 'created_at', 'connect_webview_id'])
        .execute();
    },
  },
];

/** Fills the columns by which lists are narrowed for invitations of earlier versions. */
async function fillIn(db: Kysely<WebviewsTable>): Promise<void> {
  for (let last = ''; ;) {
    const rows = await db
      .selectFrom('connect_webviews')
      .select(['connect_webview_id', 'wishes'])
      .where('connect_webview_id', '>', last)
      .orderBy('connect_webview_id')
      .limit(500)
      .execute();
    if (rows.length === 0) return;
    for (const { connect_webview_id: id, wishes } of rows) {
      await db
        .updateTable('connect_webviews')
        .set(filteredBy(id, JSON.parse(wishes) as WebviewWishes))
        .where('connect_webview_id', '=', id)
        .execute();
    }
    last = rows.at(-1)!.connect_webview_id;
  }
}

function filteredBy(connectWebviewId: string, wishes: WebviewWishes) {
  const { customerKey, customMetadata, acceptedProviders } = wishes;
  const searched = [
    connectWebviewId,
    ...acceptedProviders,
    customerKey ?? '',
    JSON.stringify(customMetadata),
  ];
  return {
    customer_key: customerKey,
    search_text: searched.join('\n').toLowerCase(),
    metadata_entries: `\n${Object.entries(customMetadata).map(entryOf).join('')}`,
  };
}

/** JSON contains no line end, so that one entry can be found in the text of all. */
const entryOf = (entry: readonly [string, string | boolean]): string => `${JSON.stringify(entry)}\n`;

const purposeOf = (connectWebviewId: string): string => `connect webview/${connectWebviewId}`;

export interface WebviewFilter {
  readonly customerKey?: string;
  /** Every one of these entries. */
  readonly customMetadataHas?: Readonly<Record<string, string | boolean>>;
  /** Part of the id, an accepted provider, the customer key or the metadata, in any case. */
  readonly search?: string;
}

/** The condition that a filter selects by. */
function narrowed<O>(
  query: SelectQueryBuilder<WebviewsTable, 'connect_webviews', O>,
  { customerKey, customMetadataHas = {}, search }: WebviewFilter,
): SelectQueryBuilder<WebviewsTable, 'connect_webviews', O> {
  let found = query;
  if (customerKey !== undefined) found = found.where('customer_key', '=', customerKey);
  if (search !== undefined) found = found.where(contains('search_text', search));
  for (const [name, value] of Object.entries(customMetadataHas)) {
    const entries = meantByMetadata(value).map((meant) => `\n${entryOf([name, meant])}`);
    // Removing the entry changes the text where it contains it; unlike `like`, this is case-sensitive.
    found = found.where((eb) =>
      eb.or(
        entries.map((entry) => sql<boolean>`replace(metadata_entries, ${entry}, '') <> metadata_entries`),
      ),
    );
  }
  return found;
}

/** The invitations that were made. */
export class ConnectWebviewRecords {
  private constructor(
    private readonly database: Database<WebviewsTable>,
    private readonly vault: Vault,
  ) {}

  /** @param database that of the records */
  static async open<T>(database: Database<T>, vault: Vault): Promise<ConnectWebviewRecords> {
    await migrate(database, 'connect_webviews', webviewMigrations);
    return new ConnectWebviewRecords(database as unknown as Database<WebviewsTable>, vault);
  }

  async create(
    webview: Pick<ConnectWebview, 'connectWebviewId' | 'workspaceId' | 'wishes' | 'createdAt'> & {
      readonly linkToken: string;
    },
  ): Promise<void> {
    await this.database.db
      .insertInto('connect_webviews')
      .values({
        connect_webview_id: webview.connectWebviewId,
        workspace_id: webview.workspaceId,
        wishes: JSON.stringify(webview.wishes),
        ...filteredBy(webview.connectWebviewId, webview.wishes),
        created_at: webview.createdAt,
        provider: null,
        nonce: null,
        challenge: null,
        link_token: this.vault.sealSecret(purposeOf(webview.connectWebviewId), webview.linkToken),
        status: 'pending',
        authorized_at: null,
        connected_account_id: null,
      })
      .execute();
  }

  /** Of any workspace. */
  async find(connectWebviewId: string): Promise<ConnectWebview | null> {
    const row = await this.database.db
      .selectFrom('connect_webviews')
      .selectAll()
      .where('connect_webview_id', '=', connectWebviewId)
      .executeTakeFirst();
    return row ? this.fromRow(row) : null;
  }

  /** A workspace's, oldest first. */
  list(workspaceId: string, page: PageRequest, filter: WebviewFilter): Promise<Page<ConnectWebview>> {
    const scope = { list: 'connect_webviews', workspaceId, ...filter };
    return inSteps(page, async (step) => {
      const rows = await inWindows(
        { after: startOf(step, scope), limit: step.limit + 1 },
        async (after, far) =>
          this.ordered(workspaceId, after)
            .select(['created_at as at', 'connect_webview_id as id'])
            .offset(far - 1)
            .limit(1)
            .executeTakeFirst(),
        (after, upTo, limit) =>
          narrowed(this.ordered(workspaceId, after, upTo), filter)
            .selectAll()
            .limit(limit)
            .execute(),
      );
      return pageOf(
        rows,
        step,
        scope,
        (row) => ({ at: row.created_at, id: row.connect_webview_id }),
        (row) => this.fromRow(row),
      );
    });
  }

  private ordered(workspaceId: string, after: RowKey, upTo?: RowKey) {
    return this.database.db
      .selectFrom('connect_webviews')
      .where('workspace_id', '=', workspaceId)
      .where(between({ at: 'created_at', id: 'connect_webview_id' }, after, upTo))
      .orderBy('created_at')
      .orderBy('connect_webview_id');
  }

  /** @returns whether the workspace had it */
  async delete(workspaceId: string, connectWebviewId: string): Promise<boolean> {
    const { numDeletedRows } = await this.database.db
      .deleteFrom('connect_webviews')
      .where('workspace_id', '=', workspaceId)
      .where('connect_webview_id', '=', connectWebviewId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** All of a workspace's. */
  async deleteOf(workspaceId: string): Promise<void> {
    await this.database.db.deleteFrom('connect_webviews').where('workspace_id', '=', workspaceId).execute();
  }

  /**
   * Somebody was sent to a lock maker, and is to bring `nonce` back, in the browser with the secret whose hash is
   * `challenge`.
   */
  async setOut(
    connectWebviewId: string,
    to: { readonly provider: string; readonly nonce: string; readonly challenge: string },
  ): Promise<void> {
    await this.update(connectWebviewId, to);
  }

  /** Somebody chose a system that is connected without redirects. */
  async chosen(connectWebviewId: string, provider: string): Promise<void> {
    await this.update(connectWebviewId, { provider });
  }

  /** Takes the nonce back, once. @returns the webview, or null where that nonce is not awaited from that browser */
  async comeBack(connectWebviewId: string, nonce: string, challenge: string): Promise<ConnectWebview | null> {
    const row = await this.database.db
      .updateTable('connect_webviews')
      .set({ nonce: null, challenge: null })
      .where('connect_webview_id', '=', connectWebviewId)
      .where('nonce', '=', nonce)
      .where('challenge', '=', challenge)
      .returningAll()
      .executeTakeFirst();
    return row ? this.fromRow(row) : null;
  }

  async authorized(connectWebviewId: string, connectedAccountId: string, at: number): Promise<void> {
    await this.update(connectWebviewId, {
      status: 'authorized',
      authorized_at: at,
      connected_account_id: connectedAccountId,
    });
  }

  async failed(connectWebviewId: string): Promise<void> {
    await this.update(connectWebviewId, { status: 'failed' });
  }

  private async update(
    connectWebviewId: string,
    values: Partial<WebviewsTable['connect_webviews']>,
  ): Promise<void> {
    await this.database.db
      .updateTable('connect_webviews')
      .set(values)
      .where('connect_webview_id', '=', connectWebviewId)
      .execute();
  }

  private fromRow(row: WebviewsTable['connect_webviews']): ConnectWebview {
    const { connect_webview_id: connectWebviewId, link_token: sealed } = row;
    return {
      connectWebviewId,
      workspaceId: row.workspace_id,
      wishes: JSON.parse(row.wishes) as WebviewWishes,
      createdAt: row.created_at,
      provider: row.provider,
      status: row.status,
      authorizedAt: row.authorized_at,
      connectedAccountId: row.connected_account_id,
      linkToken: sealed === null ? null : this.vault.openSecret(purposeOf(connectWebviewId), sealed),
    };
  }
}
