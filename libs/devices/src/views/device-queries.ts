import type { Database } from '@latchkey/database';
import {
  ApiError,
  CONFIG,
  type Config,
  emptyPage,
  type Page,
  pageOf,
  startOf,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import type { DevicesTables } from './devices-projection';
import { presentDevice, type SeamDevice } from './present-device';
import { type DeviceFilter, GetDevice, ListDevices } from './queries';
import { contains, parsed } from './read-devices';

/** Devices with their accounts; those of an account that was deleted are gone with it. */
function visible({ db }: Database<DevicesTables>, workspaceId: string) {
  return db
    .selectFrom('devices_v1')
    .innerJoin('accounts_v1', 'accounts_v1.account_id', 'devices_v1.account_id')
    .select([
      'devices_v1.device_id as id',
      'devices_v1.listed_at as at',
      'devices_v1.state as device',
      'accounts_v1.state as account',
    ])
    .where('devices_v1.workspace_id', '=', workspaceId)
    .where('accounts_v1.removed', '=', 0);
}

@QueryHandler(GetDevice)
export class GetDeviceHandler implements IQueryHandler<GetDevice> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>,
    @Inject(CONFIG) private readonly config: Pick<Config, 'sandbox'>,
  ) {}

  async execute({ workspaceId, by }: GetDevice): Promise<SeamDevice> {
    const query = visible(this.views, workspaceId);
    const row = await (
      'deviceId' in by
        ? query.where('devices_v1.device_id', '=', by.deviceId)
        : query.where('devices_v1.name', '=', by.name).orderBy('devices_v1.listed_at').limit(1)
    ).executeTakeFirst();
    if (!row) throw ApiError.notFound('device');
    const { device, account } = parsed(row);
    return presentDevice(device, account, this.config);
  }
}

@QueryHandler(ListDevices)
export class ListDevicesHandler implements IQueryHandler<ListDevices> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>,
    @Inject(CONFIG) private readonly config: Pick<Config, 'sandbox'>,
  ) {}

  async execute({ workspaceId, filter, page }: ListDevices): Promise<Page<SeamDevice>> {
    const scope = { list: 'devices', workspaceId, ...filter };
    const after = startOf(page, scope);
    if (findsNothing(filter)) return emptyPage();
    let query = visible(this.views, workspaceId).where(
      sql<boolean>`(devices_v1.listed_at, devices_v1.device_id) > (${after.at}, ${after.id})`,
    );
    for (const [column, values] of among(filter)) query = query.where(column, 'in', values);
    if (filter.manufacturer !== undefined) query = query.where('devices_v1.maker', '=', filter.manufacturer);
    if (filter.createdBefore !== undefined)
      query = query.where('devices_v1.created_at', '<', filter.createdBefore);
    const { search } = filter;
    if (search !== undefined) {
      query = query.where((eb) =>
        eb.or([contains('devices_v1.search_name', search), contains('devices_v1.device_id', search)]),
      );
    }
    const rows = await query
      .orderBy('devices_v1.listed_at')
      .orderBy('devices_v1.device_id')
      .limit(page.limit + 1)
      .execute();
    return pageOf(
      rows,
      page,
      scope,
      (row) => row,
      (row) => {
        const { device, account } = parsed(row);
        return presentDevice(device, account, this.config);
      },
    );
  }
}

type Column = 'devices_v1.device_id' | 'devices_v1.account_id' | 'devices_v1.device_type';

function among(filter: DeviceFilter): [Column, string[]][] {
  const lists: [Column, readonly string[] | undefined][] = [
    ['devices_v1.device_id', filter.deviceIds],
    ['devices_v1.account_id', filter.connectedAccountIds],
    [
      'devices_v1.account_id',
      filter.connectedAccountId === undefined ? undefined : [filter.connectedAccountId],
    ],
    ['devices_v1.device_type', filter.deviceTypes],
    ['devices_v1.device_type', filter.deviceType === undefined ? undefined : [filter.deviceType]],
  ];
  return lists.flatMap(([column, values]) => (values === undefined ? [] : [[column, [...new Set(values)]]]));
}

function findsNothing(filter: DeviceFilter): boolean {
  const { customerKey, userIdentifierKey, spaceId, connectWebviewId, customMetadataHas } = filter;
  const unknown = [customerKey, userIdentifierKey, spaceId, connectWebviewId];
  return (
    unknown.some((value) => value !== undefined) ||
    Object.keys(customMetadataHas ?? {}).length > 0 ||
    among(filter).some(([, values]) => values.length === 0)
  );
}
