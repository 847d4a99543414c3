import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import {
  accountCodec,
  accountFold,
  type DeviceEvent,
  deviceCodec,
  deviceFold,
  deviceQueryHandlers,
  DevicesProjection,
  type DevicesTables,
  GetConnectedAccount,
  GetDevice,
  ListConnectedAccounts,
  ListDevices,
} from '@latchkey/devices';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import { DeciderStreams, EventStoreDb, type Projected, projected, Refusal } from '@latchkey/event-sourcing';
import {
  CLOCK,
  CONFIG,
  HOUR,
  RECORDS,
  SandboxClock,
  seamSchema,
  SeededIds,
  VAULT,
  type Vault,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { sql } from 'kysely';
import { codeFold } from '../domain/code-fold';
import { ACCESS_CODE, codeCodec, type CodeEvent, type CodeEventOf } from '../domain/events';
import { CODES, CODES_VERSION } from './codes-projection';
import {
  codeQueryHandlers,
  CodesProjection,
  type CodesTables,
  GetAccessCode,
  ListAccessCodes,
} from './index';

const NOW = Date.UTC(2026, 5, 1, 12);
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const WORKSPACE = id(1);
const ACCOUNT_ID = id(2);
const FRONT = id(3);
const BARN = id(4);

describe.each(testEngines)('the views of codes and devices on %s', (engine) => {
  let dataDir: string;
  let node: RunningNode;
  let store: EventStoreDb;
  let test: TestDatabase;
  let views: Projected<CodesTables & DevicesTables>;
  let vault: Vault;
  let module: TestingModule;
  let queries: QueryBus;
  let settings: Record<string, unknown>;
  const clock = new SandboxClock({ now: NOW, running: false });
  const ids = new SeededIds('views');
  const cause = {
    correlationId: 'test',
    causationId: 'test',
    actor: { type: 'system' } as const,
    workspaceId: WORKSPACE,
  };

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-views-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    store = new EventStoreDb(node.connectionString);
    test = testDatabase(engine);
    vault = await openVault({ database: await test.open(), masterKey: Buffer.alloc(32, 1) });
    settings = {};
    const projections = [new CodesProjection(), new DevicesProjection()];
    views = await projected({ ...{ store, clock, projections }, on: engine });
    module = await Test.createTestingModule({
      imports: [CqrsModule.forRoot()],
      providers: [
        ...codeQueryHandlers,
        ...deviceQueryHandlers,
        { provide: VIEWS_DATABASE, useValue: views.database },
        { provide: VAULT, useValue: vault },
        { provide: CLOCK, useValue: clock },
        {
          provide: CONFIG,
          useValue: { preloadLead: 72 * HOUR, justInTimeLead: HOUR, expiredCodes: 'gone', sandbox: true },
        },
        { provide: RECORDS, useValue: { workspaces: { get: () => Promise.resolve({ settings }) } } },
      ],
    }).compile();
    await module.init();
    queries = module.get(QueryBus);

    await accounts().transact(ACCOUNT_ID, cause, () => [
      {
        type: 'AccountConnected',
        data: { accountId: ACCOUNT_ID, workspaceId: WORKSPACE, maker: 'sandbox', displayName: 'My Locks' },
      },
    ]);
    await addDevice(FRONT, 'Front Door');
    await addDevice(BARN, 'Barn_100%');
  });

  afterEach(async () => {
    await module.close();
    await views.close();
    await store.close();
    await node.close();
    await test.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const codes = () =>
    new DeciderStreams({ store, category: ACCESS_CODE, codec: codeCodec, fold: codeFold, clock, ids });
  const accounts = () =>
    new DeciderStreams({ store, category: 'account', codec: accountCodec, fold: accountFold, clock, ids });
  const devices = () =>
    new DeciderStreams({ store, category: 'device', codec: deviceCodec, fold: deviceFold, clock, ids });

  async function addDevice(deviceId: string, name: string): Promise<void> {
    await devices().transact(
      deviceId,
      cause,
      () =>
        [
          {
            type: 'DeviceAdded',
            data: {
              deviceId,
              workspaceId: WORKSPACE,
              accountId: ACCOUNT_ID,
              maker: 'sandbox',
              lockId: name,
              description: {
                name,
                model: 'Simulated',
                timeZone: 'Europe/Berlin',
                capabilities: {
                  nativeScheduling: true,
                  supportedCodeLengths: [4, 6],
                  codeConstraints: [
                    { constraintType: 'no_zeros' },
                    { constraintType: 'name_length', maxLength: 10 },
                  ],
                  maxActiveCodes: 5,
                  canRemotelyLock: true,
                  canRemotelyUnlock: true,
                },
              },
            },
          },
        ] as DeviceEvent[],
    );
  }

  async function request(
    codeId: string,
    pin: string,
    over: Partial<CodeEventOf<'CodeRequested'>['data']> = {},
  ): Promise<void> {
    const deviceId = over.deviceId ?? FRONT;
    const data = {
      codeId,
      workspaceId: WORKSPACE,
      deviceId,
      accountId: ACCOUNT_ID,
      name: `Guest ${codeId.slice(-2)}`,
      ...(await vault.sealPin(codeId, pin)),
      schedule: null,
      preferNativeScheduling: true,
      externalModificationAllowed: false,
      commonCodeKey: null,
      isOneTimeUse: false,
      usesBackupPool: false,
      isBackup: false,
      ...over,
    };
    await append(codeId, { type: 'CodeRequested', data });
  }

  async function append(codeId: string, ...events: CodeEvent[]): Promise<void> {
    await codes().transact(codeId, cause, () => events);
  }

  const list = async (filter: ListAccessCodes['filter'] = {}, limit = 100, cursor?: string) => {
    await views.caughtUp();
    return queries.execute(new ListAccessCodes(WORKSPACE, filter, { limit, ...(cursor ? { cursor } : {}) }));
  };
  const listed = async (filter: ListAccessCodes['filter'] = {}) =>
    (await list(filter)).items.map((code) => code.access_code_id);

  it('shows a code with its PIN, and its device and account, in the published shapes', async () => {
    await request(id(10), '4821');
    await views.caughtUp();

    const code = await queries.execute(new GetAccessCode(WORKSPACE, { accessCodeId: id(10) }));
    const device = await queries.execute(new GetDevice(WORKSPACE, { name: 'Front Door' }));
    const account = await queries.execute(
      new GetConnectedAccount(WORKSPACE, { connectedAccountId: ACCOUNT_ID }),
    );

    expect(code).toMatchObject({ access_code_id: id(10), code: '4821', status: 'setting', device_id: FRONT });
    expect(device).toMatchObject({ device_id: FRONT, display_name: 'Front Door', errors: [] });
    expect((await seamSchema('access_code'))(code)).toEqual([]);
    expect((await seamSchema('device'))(device)).toEqual([]);
    expect((await seamSchema('connected_account'))(account)).toEqual([]);
  });

  it('keeps no PIN in its tables', async () => {
    await request(id(10), '482193');
    await views.caughtUp();

    const rows = await views.database.db.selectFrom(CODES).selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('482193');
  });

  it('finds a code by its PIN on a device, the one that is on before the one that comes', async () => {
    const later = {
      startsAt: new Date(NOW + 48 * HOUR).toISOString(),
      endsAt: new Date(NOW + 72 * HOUR).toISOString(),
    };
    const now = { startsAt: new Date(NOW - HOUR).toISOString(), endsAt: new Date(NOW + HOUR).toISOString() };
    await request(id(11), '4821', { schedule: later });
    await request(id(10), '4821', { schedule: now });
    await views.caughtUp();

    const found = await queries.execute(new GetAccessCode(WORKSPACE, { deviceId: FRONT, code: '4821' }));
    expect(found.access_code_id).toBe(id(10));
    await expect(
      queries.execute(new GetAccessCode(WORKSPACE, { deviceId: BARN, code: '4821' })),
    ).rejects.toMatchObject({ reason: { kind: 'absent', what: 'access code' } });
  });

  it('shows nothing to another workspace', async () => {
    await request(id(10), '4821');
    await views.caughtUp();
    const other = id(99);

    await expect(queries.execute(new GetAccessCode(other, { accessCodeId: id(10) }))).rejects.toThrow(
      Refusal,
    );
    await expect(queries.execute(new GetDevice(other, { deviceId: FRONT }))).rejects.toThrow(Refusal);
    const page = { limit: 10 };
    expect((await queries.execute(new ListAccessCodes(other, { deviceId: FRONT }, page))).items).toEqual([]);
    expect((await queries.execute(new ListAccessCodes(other, { search: '4821' }, page))).items).toEqual([]);
    expect((await queries.execute(new ListDevices(other, {}, page))).items).toEqual([]);
    expect((await queries.execute(new ListConnectedAccounts(other, {}, page))).items).toEqual([]);
  });

  it('narrows a list by device, ids, part of a name or id, and whole PIN', async () => {
    await request(id(10), '4821', { name: 'Ada Lovelace' });
    await request(id(11), '1357', { name: '100%_sure', deviceId: BARN });
    await request(id(12), '4821', { deviceId: BARN });

    expect(await listed()).toEqual([id(10), id(11), id(12)]);
    expect(await listed({ deviceId: BARN })).toEqual([id(11), id(12)]);
    expect(await listed({ accessCodeIds: [id(12), id(10)] })).toEqual([id(10), id(12)]);
    expect(await listed({ search: 'LOVE' })).toEqual([id(10)]);
    expect(await listed({ search: '%_' })).toEqual([id(11)]);
    expect(await listed({ search: '4821' })).toEqual([id(10), id(12)]);
    expect(await listed({ search: '000000000011' })).toEqual([id(11)]);
    expect(await listed({ customerKey: 'nobody' })).toEqual([]);
  });

  it('pages through all of it while codes come and go, and refuses a cursor of another list', async () => {
    const all = Array.from({ length: 7 }, (_, n) => id(10 + n));
    for (const codeId of all) await request(codeId, '4821');
    const first = await list({}, 3);
    await append(id(10), { type: 'RemovalStarted', data: { cause: 'deleted' } });
    await append(id(10), { type: 'Removed', data: { cause: 'deleted', wasOnDevice: false } });
    await request(id(30), '9999');
    const second = await list({}, 3, first.pagination.next_page_cursor!);
    const third = await list({}, 3, second.pagination.next_page_cursor!);

    const seen = [first, second, third].map((page) => page.items.map((code) => code.access_code_id));
    expect(seen).toEqual([all.slice(0, 3), all.slice(3, 6), [id(16), id(30)]]);
    expect(third.pagination).toEqual({ has_next_page: false, next_page_cursor: null, next_page_url: null });
    await expect(list({ deviceId: FRONT }, 3, first.pagination.next_page_cursor!)).rejects.toMatchObject({
      status: 400,
      type: 'mismatched_page_parameters',
    });
    await expect(list({}, 3, 'nonsense')).rejects.toMatchObject({ status: 400, type: 'invalid_input' });
  });

  it('hides an expired code, or keeps it readable until it is deleted, by the workspace’s setting', async () => {
    await request(id(10), '4821');
    await append(id(10), { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } });
    await vault.erase(id(10));
    expect(await listed()).toEqual([]);

    settings = { expired_codes: 'readable' };
    const [code] = (await list()).items;
    expect(code).toMatchObject({ access_code_id: id(10), code: null, status: 'unset', errors: [] });
    expect(await listed({ deviceId: FRONT })).toEqual([id(10)]);

    await append(id(10), { type: 'Forgotten', data: {} });
    expect(await listed()).toEqual([]);
  });

  it('lists devices by every filter, and hides those of a deleted account', async () => {
    const named = async (filter: ListDevices['filter']) => {
      await views.caughtUp();
      const page = await queries.execute(new ListDevices(WORKSPACE, filter, { limit: 10 }));
      return page.items.map((device) => device.display_name);
    };

    expect(await named({})).toEqual(['Front Door', 'Barn_100%']);
    expect(await named({ search: '_1' })).toEqual(['Barn_100%']);
    expect(await named({ deviceIds: [BARN] })).toEqual(['Barn_100%']);
    expect(await named({ connectedAccountId: id(77) })).toEqual([]);
    expect(await named({ deviceTypes: ['smartthings_lock'] })).toHaveLength(2);
    expect(await named({ createdBefore: NOW })).toEqual([]);
    expect(await named({ manufacturer: 'sandbox' })).toHaveLength(2);
    expect(await named({ customerKey: 'nobody' })).toEqual([]);

    const customMetadata = { floor: '2', vip: true };
    await devices().transact(FRONT, cause, () => [{ type: 'DeviceUpdated', data: { customMetadata } }]);
    await accounts().transact(ACCOUNT_ID, cause, () => [
      { type: 'AccountUpdated', data: { customerKey: 'Smith', customMetadata: { house: 'beach' } } },
    ]);
    expect(await named({ customMetadataHas: { floor: '2', vip: true } })).toEqual(['Front Door']);
    expect(await named({ customMetadataHas: { vip: 'true' } })).toEqual(['Front Door']);
    expect(await named({ customMetadataHas: { vip: false } })).toEqual([]);
    expect(await named({ customMetadataHas: { house: 'beach' } })).toEqual([]);
    expect(await named({ customerKey: 'Smith' })).toHaveLength(2);
    expect(await named({ search: '"FLOOR"' })).toEqual(['Front Door']);
    await devices().transact(FRONT, cause, () => [{ type: 'DeviceUpdated', data: { customMetadata: {} } }]);
    expect(await named({ customMetadataHas: { floor: '2' } })).toEqual([]);

    await devices().transact(BARN, cause, () => [{ type: 'DeviceRemoved', data: {} }]);
    await views.caughtUp();
    const removed = await queries.execute(new GetDevice(WORKSPACE, { deviceId: BARN }));
    expect(removed.errors).toEqual([expect.objectContaining({ error_code: 'device_removed' })]);
    expect((await seamSchema('device'))(removed)).toEqual([]);

    await accounts().transact(ACCOUNT_ID, cause, () => [{ type: 'AccountRemoved', data: {} }]);
    expect(await named({})).toEqual([]);
    await expect(queries.execute(new GetDevice(WORKSPACE, { deviceId: FRONT }))).rejects.toMatchObject({
      reason: { kind: 'absent', what: 'device' },
    });
  });

  it('reads a page through the index of what is listed, however many codes there are', async () => {
    await views.caughtUp();
    if (engine !== 'sqlite') return;
    const plans: string[] = [];
    for (const [column, value] of [
      ['workspace_id', WORKSPACE],
      ['device_id', FRONT],
    ] as const) {
      const plan = await views.database.db
        .selectFrom(CODES)
        .select('state')
        .where('live_at', '>=', 0)
        .where(column, '=', value)
        .orderBy('live_at')
        .orderBy('code_id')
        .limit(10)
        .explain(undefined, sql`query plan`);
      plans.push(JSON.stringify(plan));
    }
    expect(plans[0]).toContain(`codes_by_workspace_live_at_v${CODES_VERSION}`);
    expect(plans[1]).toContain(`codes_by_device_live_at_v${CODES_VERSION}`);
    expect(plans.join()).not.toContain('TEMP B-TREE');
  });
});
