import {
  foldRows,
  type Projection,
  readerOf,
  type RecordedEvent,
  type StateRows,
  type Tables,
} from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { ACCOUNT, type Account, accountCodec, accountFold } from '../domain/account';
import {
  type CustomMetadata,
  DEVICE,
  type Device,
  deviceCodec,
  deviceFold,
  displayNameOf,
} from '../domain/device';
import { DOOR, doorCodec, isOperated } from '../domain/door';
import { deviceTypeOf } from './device-type';
import { keptDevices } from './kept-devices';

export const DEVICES_VERSION = 2;
export const DEVICES = `devices_v${DEVICES_VERSION}` as const;
export const ACCOUNTS = `accounts_v${DEVICES_VERSION}` as const;
export const METADATA = `metadata_v${DEVICES_VERSION}` as const;

export interface DevicesTables {
  [DEVICES]: {
    device_id: string;
    workspace_id: string;
    account_id: string;
    /** Its place in lists: the position of its first event. */
    listed_at: number;
    created_at: number;
    name: string;
    /** All that it may be searched by, in lower case. */
    search_text: string;
    managed: number;
    deleted: number;
    device_type: string;
    maker: string;
    /** The folded Device, as JSON. */
    state: string;
    /** 1 or 0: whether its door was last reported locked; null: not reported. */
    locked: number | null;
  };
  [ACCOUNTS]: {
    account_id: string;
    workspace_id: string;
    listed_at: number;
    search_text: string;
    customer_key: string | null;
    connect_webview_id: string | null;
    maker: string;
    removed: number;
    state: string;
  };
  /** Metadata of clients on devices and accounts: one row an entry. */
  [METADATA]: { owner_id: string; entry: string };
}

/** The view of devices and connected accounts. */
export class DevicesProjection implements Projection {
  readonly name = 'devices';
  readonly version = DEVICES_VERSION;
  readonly prefixes = [DEVICE, ACCOUNT, DOOR].map((category) => `${category}-`);
  readonly read = readerOf({ [DEVICE]: deviceCodec, [ACCOUNT]: accountCodec, [DOOR]: doorCodec });
  private changed: Transaction<Tables> | undefined;

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(DEVICES)
      .addColumn('device_id', 'text', (c) => c.primaryKey())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('listed_at', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('search_text', 'text', (c) => c.notNull())
      .addColumn('managed', 'integer', (c) => c.notNull())
      .addColumn('deleted', 'integer', (c) => c.notNull())
      .addColumn('device_type', 'text', (c) => c.notNull())
      .addColumn('maker', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('locked', 'integer')
      .execute();
    await db.schema
      .createIndex(`devices_by_workspace_v${DEVICES_VERSION}`)
      .on(DEVICES)
      .columns(['workspace_id', 'listed_at', 'device_id'])
      .execute();
    await db.schema
      .createIndex(`devices_by_account_v${DEVICES_VERSION}`)
      .on(DEVICES)
      .column('account_id')
      .execute();
    await db.schema
      .createTable(ACCOUNTS)
      .addColumn('account_id', 'text', (c) => c.primaryKey())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('listed_at', 'bigint', (c) => c.notNull())
      .addColumn('search_text', 'text', (c) => c.notNull())
      .addColumn('customer_key', 'text')
      .addColumn('connect_webview_id', 'text')
      .addColumn('maker', 'text', (c) => c.notNull())
      .addColumn('removed', 'integer', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex(`accounts_by_workspace_v${DEVICES_VERSION}`)
      .on(ACCOUNTS)
      .columns(['workspace_id', 'listed_at', 'account_id'])
      .execute();
    await db.schema
      .createTable(METADATA)
      .addColumn('owner_id', 'text', (c) => c.notNull())
      .addColumn('entry', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint(`${METADATA}_key`, ['owner_id', 'entry'])
      .execute();
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`devices_v${version}`).ifExists().execute();
    await db.schema.dropTable(`accounts_v${version}`).ifExists().execute();
    await db.schema.dropTable(`metadata_v${version}`).ifExists().execute();
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const typed = trx as Transaction<DevicesTables>;
    this.changed = trx;
    await foldRows(events, ACCOUNT, accountCodec, accountFold, accountRows(typed));
    await foldRows(events, DEVICE, deviceCodec, deviceFold, deviceRows(typed));
    await keepDoors(typed, events);
  }

  onApplied(): void {
    if (this.changed) keptDevices.forget(this.changed);
  }
}

function deviceRows(trx: Transaction<DevicesTables>): StateRows<Device> {
  return {
    async load(ids) {
      const rows = await trx
        .selectFrom(DEVICES)
        .select(['device_id', 'state'])
        .where('device_id', 'in', ids)
        .execute();
      return new Map(rows.map((row) => [row.device_id, JSON.parse(row.state) as Device]));
    },
    async save(changed) {
      for (const { id, state: device, first } of changed) {
        const changing = {
          account_id: device.accountId,
          name: displayNameOf(device),
          search_text: searchText(
            displayNameOf(device),
            device.name,
            device.accountId,
            ...entriesOf(device.customMetadata),
          ),
          managed: device.managed ? 1 : 0,
          deleted: device.deletedAt === null ? 0 : 1,
          device_type: deviceTypeOf(device.maker),
          maker: device.maker,
          state: JSON.stringify(device),
        };
        if (first) {
          const { workspaceId: workspace_id, addedAt: created_at } = device;
          const listed_at = Number(first.position.commit);
          await trx
            .insertInto(DEVICES)
            .values({ device_id: id, workspace_id, listed_at, created_at, locked: null, ...changing })
            .execute();
        } else {
          await trx.updateTable(DEVICES).set(changing).where('device_id', '=', id).execute();
        }
        await keepMetadata(trx, id, device.customMetadata, first === undefined);
      }
    },
  };
}

function accountRows(trx: Transaction<DevicesTables>): StateRows<Account> {
  return {
    async load(ids) {
      const rows = await trx
        .selectFrom(ACCOUNTS)
        .select(['account_id', 'state'])
        .where('account_id', 'in', ids)
        .execute();
      return new Map(rows.map((row) => [row.account_id, JSON.parse(row.state) as Account]));
    },
    async save(changed) {
      for (const { id, state: account, first } of changed) {
        const changing = {
          search_text: searchText(
            account.displayName,
            account.maker,
            account.customerKey ?? '',
            ...entriesOf(account.customMetadata),
          ),
          customer_key: account.customerKey,
          connect_webview_id: account.connectWebviewId,
          maker: account.maker,
          removed: account.removedAt === null ? 0 : 1,
          state: JSON.stringify(account),
        };
        if (first) {
          const listed_at = Number(first.position.commit);
          await trx
            .insertInto(ACCOUNTS)
            .values({ account_id: id, workspace_id: account.workspaceId, listed_at, ...changing })
            .execute();
        } else {
          await trx.updateTable(ACCOUNTS).set(changing).where('account_id', '=', id).execute();
        }
        await keepMetadata(trx, id, account.customMetadata, first === undefined);
      }
    },
  };
}

const searchText = (...parts: string[]): string => parts.join('\n').toLowerCase();

/** An entry of metadata as it is stored and searched. */
export const entryOf = (name: string, value: string | boolean): string => JSON.stringify([name, value]);

const entriesOf = (metadata: CustomMetadata): string[] =>
  Object.entries(metadata).map(([name, value]) => entryOf(name, value));

/** How each door was left. */
async function keepDoors(trx: Transaction<DevicesTables>, events: readonly RecordedEvent[]): Promise<void> {
  const left = new Map<string, number>();
  for (const recorded of events) {
    if (!recorded.stream.startsWith(`${DOOR}-`)) continue;
    const event = doorCodec.decode(recorded);
    if (isOperated(event)) left.set(event.data.deviceId, event.type === 'DoorLocked' ? 1 : 0);
  }
  for (const [deviceId, locked] of left) {
    await trx.updateTable(DEVICES).set({ locked }).where('device_id', '=', deviceId).execute();
  }
}

async function keepMetadata(
  trx: Transaction<DevicesTables>,
  ownerId: string,
  metadata: CustomMetadata,
  mayBeThere: boolean,
): Promise<void> {
  const entries = entriesOf(metadata);
  if (mayBeThere) await trx.deleteFrom(METADATA).where('owner_id', '=', ownerId).execute();
  if (entries.length === 0) return;
  await trx
    .insertInto(METADATA)
    .values(entries.map((entry) => ({ owner_id: ownerId, entry })))
    .execute();
}
