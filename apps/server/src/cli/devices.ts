import {
  GetDevice,
  GetDeviceHandler,
  ListDevices,
  ListDevicesHandler,
  ListUnmanagedDevices,
  ListUnmanagedDevicesHandler,
  type SeamDevice,
  type SeamUnmanagedDevice,
} from '@latchkey/devices';
import type { PageRequest } from '@latchkey/platform';
import { Command, Option } from 'commander';
import { absentAsUndefined } from './codes';
import { type Print, Refusal } from './command-line';
import { allOf, type Column, formatOf, showOne, showRows } from './output';
import { type OpenedStores, sayNone, withViews, workspacesOf } from './stores';

const PAGE = 500;

type ShownDevice = ReturnType<typeof shownDevice>;

interface ListOptions {
  readonly workspace?: string;
  readonly account?: string;
  readonly status?: 'online' | 'offline' | 'problems';
  readonly search?: string;
  readonly unmanaged?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Its commands: list, get. */
export function devicesCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('devices').description('Shows locks.');
  program
    .command('list')
    .description('the locks there are, in the order in which they were added')
    .option('--workspace <ID>', 'of this workspace alone')
    .option('--account <ID>', 'of this connected account alone')
    .addOption(new Option('--status <STATUS>', 'these alone').choices(['online', 'offline', 'problems']))
    .option('--search <TEXT>', 'with this in their names, ids or metadata')
    .option('--unmanaged', 'those that are not managed')
    .option('--json', 'as JSON, a line each')
    .option('--csv', 'as CSV')
    .action((options: ListOptions) => withViews(env, (opened) => list(opened, options, print)));
  program
    .command('get')
    .description('one lock')
    .argument('<DEVICE_ID>', 'its id')
    .option('--json', 'as JSON')
    .option('--csv', 'as CSV')
    .action((id: string, options: { json?: boolean; csv?: boolean }) =>
      withViews(env, (opened) => get(opened, id, options, print)),
    );
  return program;
}

async function list(opened: OpenedStores, options: ListOptions, print: Print): Promise<void> {
  const format = formatOf(options);
  const shown = await showRows(devicesOf(opened, options), COLUMNS, format, print);
  sayNone(shown, format, 'There are no such locks.', print);
}

async function* devicesOf(opened: OpenedStores, options: ListOptions): AsyncIterable<ShownDevice> {
  const { status, account, search } = options;
  const { stores, config } = opened;
  const filter = {
    ...(account === undefined ? {} : { connectedAccountId: account }),
    ...(search === undefined ? {} : { search }),
  };
  const managed = new ListDevicesHandler(stores.views, config);
  const unmanaged = new ListUnmanagedDevicesHandler(stores.views);
  for (const { workspaceId } of await workspacesOf(stores, options.workspace)) {
    const devices = options.unmanaged
      ? allOf(
          (page: PageRequest) => unmanaged.execute(new ListUnmanagedDevices(workspaceId, filter, page)),
          shownDevice,
          PAGE,
        )
      : allOf(
          (page: PageRequest) => managed.execute(new ListDevices(workspaceId, filter, page)),
          shownDevice,
          PAGE,
        );
    for await (const device of devices) {
      if (status === 'problems' && device.errors.length + device.warnings.length === 0) continue;
      if ((status === 'online' || status === 'offline') && device.online !== (status === 'online')) continue;
      yield device;
    }
  }
}

async function get(
  { stores, config }: OpenedStores,
  deviceId: string,
  options: { readonly json?: boolean; readonly csv?: boolean },
  print: Print,
): Promise<void> {
  const handler = new GetDeviceHandler(stores.views, config);
  for (const { workspaceId } of await stores.records.workspaces.list()) {
    const found = await handler.execute(new GetDevice(workspaceId, { deviceId })).catch(absentAsUndefined);
    if (found) return showOne(shownDevice(found), COLUMNS, formatOf(options), print);
  }
  throw new Refusal(`There is no managed lock ${deviceId}: devices list shows those there are.`);
}

function shownDevice(device: SeamDevice | SeamUnmanagedDevice) {
  const { device_id, workspace_id, connected_account_id, device_type, created_at, properties } = device;
  const { locked = null, battery_level = null } = properties as {
    readonly locked?: boolean;
    readonly battery_level?: number;
  };
  return {
    ...{ device_id, workspace_id, connected_account_id, device_type, created_at },
    name: properties.name,
    online: properties.online,
    locked,
    battery_level,
    errors: device.errors.map(({ error_code }) => error_code),
    warnings: device.warnings.map(({ warning_code }) => warning_code),
  };
}

const COLUMNS: readonly Column<ShownDevice>[] = [
  { name: 'device_id', of: (row) => row.device_id },
  { name: 'online', of: (row) => (row.online ? 'online' : 'offline') },
  { name: 'locked', of: (row) => (row.locked === null ? '' : row.locked ? 'locked' : 'unlocked') },
  {
    name: 'battery',
    of: (row) => (row.battery_level === null ? '' : `${Math.round(row.battery_level * 100)} %`),
  },
  { name: 'name', of: (row) => row.name },
  { name: 'device_type', of: (row) => row.device_type },
  { name: 'errors', of: (row) => row.errors.join(' ') },
  { name: 'warnings', of: (row) => row.warnings.join(' ') },
  { name: 'connected_account_id', of: (row) => row.connected_account_id },
  { name: 'workspace_id', of: (row) => row.workspace_id },
];
