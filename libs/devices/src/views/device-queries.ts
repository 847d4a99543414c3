import { Refusal } from '@latchkey/event-sourcing';
import { between, type Database, inSteps, inWindows, restrictions } from '@latchkey/database';
import {
  CONFIG,
  type Config,
  emptyPage,
  type Page,
  pageOf,
  type RowKey,
  startOf,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Device } from '../domain/device';
import { ACCOUNTS, DEVICES, type DevicesTables } from './devices-projection';
import {
  presentDevice,
  presentUnmanagedDevice,
  type SeamDevice,
  type SeamUnmanagedDevice,
} from './present-device';
import {
  type DeviceFilter,
  GetDevice,
  GetUnmanagedDevice,
  ListDevices,
  ListUnmanagedDevices,
} from './queries';
import type { DeviceWithAccount } from './kept-devices';
import { contains, hasMetadata, parsed } from './read-devices';

/** Devices with their accounts; those that were deleted, by themselves or with their account, are gone. */
function visible({ db }: Database<DevicesTables>, workspaceId: string, managed: boolean) {
  return db
    .selectFrom(DEVICES)
    .innerJoin(ACCOUNTS, `${ACCOUNTS}.account_id`, `${DEVICES}.account_id`)
    .select([
      `${DEVICES}.device_id`,
      `${DEVICES}.account_id`,
      `${DEVICES}.listed_at`,
      `${DEVICES}.locked`,
      `${DEVICES}.state as device`,
      `${ACCOUNTS}.state as account`,
    ])
    .where(`${DEVICES}.workspace_id`, '=', workspaceId)
    .where(`${DEVICES}.managed`, '=', managed ? 1 : 0)
    .where(`${DEVICES}.deleted`, '=', 0)
    .where(`${ACCOUNTS}.removed`, '=', 0);
}

/** The rows of managed devices, or of unmanaged ones. */
class DeviceShelf {
  constructor(
    private readonly views: Database<DevicesTables>,
    private readonly managed: boolean,
  ) {}

  async get({ workspaceId, by }: GetDevice | GetUnmanagedDevice): Promise<DeviceWithAccount> {
    const query = visible(this.views, workspaceId, this.managed);
    const row = await (
      'deviceId' in by
        ? query.where(`${DEVICES}.device_id`, '=', by.deviceId)
        : query.where(`${DEVICES}.name`, '=', by.name).orderBy(`${DEVICES}.listed_at`).limit(1)
    ).executeTakeFirst();
    if (!row) throw Refusal.absent('device');
    return parsed(row);
  }

  async list<T>(
    { workspaceId, filter, page }: ListDevices | ListUnmanagedDevices,
    present: (shown: DeviceWithAccount) => T,
  ): Promise<Page<T>> {
    const list = this.managed ? 'devices' : 'unmanaged_devices';
    const scope = { list, workspaceId, ...filter };
    startOf(page, scope);
    if (restrictionsOf(filter).some(([, values]) => values.length === 0)) return emptyPage();
    return inSteps(page, async (step) => {
      const rows = await this.rows(workspaceId, filter, startOf(step, scope), step.limit + 1);
      return pageOf(
        rows,
        step,
        scope,
        (row) => ({ at: row.listed_at, id: row.device_id }),
        (row) => present(parsed(row)),
      );
    });
  }

  private rows(workspaceId: string, filter: DeviceFilter, after: RowKey, limit: number) {
    const read = (from: RowKey, upTo: RowKey | undefined, most: number) => {
      const order = { at: `${DEVICES}.listed_at`, id: `${DEVICES}.device_id` };
      let query = visible(this.views, workspaceId, this.managed).where(between(order, from, upTo));
      for (const [column, values] of restrictionsOf(filter)) query = query.where(column, 'in', values);
      const { search, createdBefore, customMetadataHas: metadata = {} } = filter;
      if (createdBefore !== undefined) query = query.where(`${DEVICES}.created_at`, '<', createdBefore);
      if (Object.keys(metadata).length > 0)
        query = query.where(hasMetadata(`${DEVICES}.device_id`, metadata));
      if (search !== undefined) {
        query = query.where((eb) =>
          eb.or([contains(`${DEVICES}.search_text`, search), contains(`${DEVICES}.device_id`, search)]),
        );
      }
      return query.orderBy(`${DEVICES}.listed_at`).orderBy(`${DEVICES}.device_id`).limit(most).execute();
    };
    if (filter.deviceIds) return read(after, undefined, limit);
    return inWindows({ after, limit }, (from, far) => this.farther(workspaceId, from, far), read);
  }

  /** The key of the device a number of places after another one, without filters. */
  private farther(workspaceId: string, after: RowKey, far: number): Promise<RowKey | undefined> {
    return this.views.db
      .selectFrom(DEVICES)
      .select(['listed_at as at', 'device_id as id'])
      .where('workspace_id', '=', workspaceId)
      .where(between({ at: 'listed_at', id: 'device_id' }, after))
      .orderBy('listed_at')
      .orderBy('device_id')
      .offset(far - 1)
      .limit(1)
      .executeTakeFirst();
  }
}

interface Shown extends Omit<DeviceWithAccount, 'device'> {
  readonly sandbox: boolean;
  readonly as: SeamDevice;
}

/** Devices as last presented, by their documents, which are the same objects until they change. */
const shown = new WeakMap<Device, Shown>();

/** A device as `presentDevice` shows it. The same object each time, until something of it changes. */
function shownDevice(
  { device, account, locked }: DeviceWithAccount,
  { sandbox }: { readonly sandbox: boolean },
): SeamDevice {
  const last = shown.get(device);
  if (last?.account === account && last.locked === locked && last.sandbox === sandbox) return last.as;
  const as = presentDevice(device, account, { sandbox, locked });
  shown.set(device, { account, locked, sandbox, as });
  return as;
}

@QueryHandler(GetDevice)
export class GetDeviceHandler implements IQueryHandler<GetDevice> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>,
    @Inject(CONFIG) private readonly config: Pick<Config, 'sandbox'>,
  ) {}

  async execute(query: GetDevice): Promise<SeamDevice> {
    return shownDevice(await new DeviceShelf(this.views, true).get(query), this.config);
  }
}

@QueryHandler(ListDevices)
export class ListDevicesHandler implements IQueryHandler<ListDevices> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>,
    @Inject(CONFIG) private readonly config: Pick<Config, 'sandbox'>,
  ) {}

  execute(query: ListDevices): Promise<Page<SeamDevice>> {
    return new DeviceShelf(this.views, true).list(query, (of) => shownDevice(of, this.config));
  }
}

@QueryHandler(GetUnmanagedDevice)
export class GetUnmanagedDeviceHandler implements IQueryHandler<GetUnmanagedDevice> {
  constructor(@Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>) {}

  async execute(query: GetUnmanagedDevice): Promise<SeamUnmanagedDevice> {
    const { device, account } = await new DeviceShelf(this.views, false).get(query);
    return presentUnmanagedDevice(device, account);
  }
}

@QueryHandler(ListUnmanagedDevices)
export class ListUnmanagedDevicesHandler implements IQueryHandler<ListUnmanagedDevices> {
  constructor(@Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>) {}

  execute(query: ListUnmanagedDevices): Promise<Page<SeamUnmanagedDevice>> {
    return new DeviceShelf(this.views, false).list(query, ({ device, account }) =>
      presentUnmanagedDevice(device, account),
    );
  }
}

type Column =
  | `${typeof DEVICES}.device_id`
  | `${typeof DEVICES}.account_id`
  | `${typeof DEVICES}.device_type`
  | `${typeof DEVICES}.maker`
  | `${typeof ACCOUNTS}.customer_key`
  | `${typeof ACCOUNTS}.connect_webview_id`;

/** Every filter that is a value, or one of several, of a column. */
function restrictionsOf(filter: DeviceFilter): [Column, string[]][] {
  return restrictions<Column>([
    [`${DEVICES}.device_id`, filter.deviceIds],
    [`${DEVICES}.account_id`, filter.connectedAccountIds],
    [`${DEVICES}.account_id`, filter.connectedAccountId],
    [`${DEVICES}.device_type`, filter.deviceTypes],
    [`${DEVICES}.device_type`, filter.deviceType],
    [`${DEVICES}.maker`, filter.manufacturer],
    // A device is its account's customer's.
    [`${ACCOUNTS}.customer_key`, filter.customerKey],
    [`${ACCOUNTS}.connect_webview_id`, filter.connectWebviewId],
  ]);
}
