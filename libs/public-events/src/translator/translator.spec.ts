import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCESS_CODE, codeCodec, type CodeEvent, codeFold } from '@latchkey/access-codes';
import { type Database, openVault, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import {
  accountCodec,
  type AccountEvent,
  accountFold,
  deviceCodec,
  type DeviceEvent,
  deviceFold,
} from '@latchkey/devices';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import {
  DeciderStreams,
  EventStoreDb,
  type Projected,
  projected,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import { derivedId, HOUR, iso, SandboxClock, seamSchema, SeededIds, type Vault } from '@latchkey/platform';
import { ListEventsHandler } from '../feed/feed-queries';
import { FeedProjection, type FeedTables, listedInFeed } from '../feed/feed-projection';
import { type EventFilter, ListEvents } from '../feed/queries';
import { publicStreamOf, type SeamEvent } from '../public-event';
import { Translator } from './translator';
import { TRANSLATOR, TRANSLATOR_VERSION } from './translator-states';

const NOW = Date.UTC(2026, 5, 1, 12);
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [WORKSPACE, ACCOUNT_ID, FRONT, BARN, CODE] = [id(1), id(2), id(3), id(4), id(10)];
const settings = { preloadLead: 72 * HOUR, justInTimeLead: HOUR };
const schedule = { startsAt: iso(NOW + 2 * HOUR), endsAt: iso(NOW + 50 * HOUR) };

describe.each(testEngines)('the public events on %s', (engine) => {
  let dataDir: string;
  let node: RunningNode;
  let store: EventStoreDb;
  let test: TestDatabase;
  let views: Database<Tables>;
  let vault: Vault;
  let running: Projected<Tables>;
  const clock = new SandboxClock({ now: NOW, running: false });
  const ids = new SeededIds('translator');
  const cause = {
    correlationId: 'request-1',
    causationId: 'request-1',
    actor: { type: 'api_key', id: 'key' } as const,
    workspaceId: WORKSPACE,
  };

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-events-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    store = new EventStoreDb(node.connectionString);
    test = testDatabase(engine);
    views = await test.open();
    vault = await openVault({ database: await test.open(), masterKey: Buffer.alloc(32, 1) });
    await start();
    await account({
      type: 'AccountConnected',
      data: { accountId: ACCOUNT_ID, workspaceId: WORKSPACE, maker: 'sandbox', displayName: 'Locks' },
    });
    await addDevice(FRONT, true);
    await addDevice(BARN, false);
  });

  afterEach(async () => {
    await stop();
    await store.close();
    await node.close();
    await test.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const projections = [new Translator(store, settings, listedInFeed), new FeedProjection()];
    running = await projected({ ...{ store, clock, projections }, on: views });
  }

  const stop = () => running.close();

  const code = (...events: CodeEvent[]) => codeStreams().transact(CODE, cause, () => events);
  const codeStreams = () =>
    new DeciderStreams({ store, category: ACCESS_CODE, codec: codeCodec, fold: codeFold, clock, ids });
  const account = (...events: AccountEvent[]) =>
    new DeciderStreams({
      store,
      category: 'account',
      codec: accountCodec,
      fold: accountFold,
      clock,
      ids,
    }).transact(ACCOUNT_ID, cause, () => events);
  const device = (deviceId: string, ...events: DeviceEvent[]) =>
    new DeciderStreams({
      store,
      category: 'device',
      codec: deviceCodec,
      fold: deviceFold,
      clock,
      ids,
    }).transact(deviceId, cause, () => events);
  const addDevice = (deviceId: string, nativeScheduling: boolean) =>
    device(deviceId, {
      type: 'DeviceAdded',
      data: {
        deviceId,
        workspaceId: WORKSPACE,
        accountId: ACCOUNT_ID,
        maker: 'sandbox',
        lockId: deviceId,
        description: {
          name: 'Door',
          model: null,
          timeZone: null,
          capabilities: {
            nativeScheduling,
            supportedCodeLengths: [4],
            codeConstraints: [],
            maxActiveCodes: null,
            canRemotelyLock: false,
            canRemotelyUnlock: false,
          },
        },
      },
    });

  async function request(over: object = {}, pin = '4821'): Promise<void> {
    const deviceId = (over as { deviceId?: string }).deviceId ?? FRONT;
    await code({
      type: 'CodeRequested',
      data: {
        codeId: CODE,
        workspaceId: WORKSPACE,
        deviceId,
        accountId: ACCOUNT_ID,
        name: 'Guest',
        pin: await vault.seal(CODE, pin),
        pinFingerprint: vault.fingerprint(deviceId, pin),
        schedule: null,
        preferNativeScheduling: true,
        externalModificationAllowed: false,
        commonCodeKey: null,
        isOneTimeUse: false,
        usesBackupPool: false,
        isBackup: false,
        ...over,
      },
    });
  }

  /** What is to be on the lock, as the code is now. */
  async function programmed(operation: 'create' | 'change', native: boolean): Promise<CodeEvent> {
    const { state } = await codeStreams().load(CODE);
    const {
      wanted: { name, pin, pinFingerprint, schedule: window },
    } = state!;
    return {
      type: 'ProgrammingStarted',
      data: {
        commandId: 'c',
        operation,
        lockCodeId: operation === 'change' ? 'L' : null,
        content: {
          name,
          pin,
          pinFingerprint,
          window: native && window ? { startsAt: iso(window.startsAt), endsAt: iso(window.endsAt) } : null,
        },
        attempt: 1,
        deadline: iso(NOW + HOUR),
      },
    };
  }
  const set: CodeEvent = { type: 'SetOnDevice', data: { commandId: 'c', lockCodeId: 'L' } };
  const confirmed: CodeEvent = { type: 'ChangedOnDevice', data: { commandId: 'c' } };
  const removing: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };
  const failed: CodeEvent = {
    type: 'ProgrammingFailed',
    data: { commandId: 'c', errorCode: 'JAMMED', message: 'no', kind: 'passing', retryAt: null },
  };

  async function settled(): Promise<void> {
    await running.caughtUp();
    // What was told of it.
    await running.caughtUp();
  }

  async function listed(filter: EventFilter = {}): Promise<SeamEvent[]> {
    await settled();
    return new ListEventsHandler(views as Database<FeedTables>, { caughtUp: settled }, vault).execute(
      new ListEvents(WORKSPACE, filter),
    );
  }

  const ofCode = async () =>
    (await listed({ accessCodeId: CODE })).map((event) => event.event_type.replace('access_code.', ''));

  async function stored(): Promise<RecordedEvent[]> {
    await settled();
    const events: RecordedEvent[] = [];
    for await (const event of store.read(publicStreamOf(WORKSPACE))) events.push(event);
    return events;
  }

  it('tells that accounts and devices come, go and run low', async () => {
    await device(FRONT, { type: 'BatteryRanLow', data: { level: 0.1 } });
    await device(BARN, { type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } });
    await account({ type: 'AccountDisconnected', data: { reason: 'revoked' } });
    await account({ type: 'AccountReconnected', data: {} });
    await device(BARN, { type: 'DeviceConnected', data: {} });
    await device(BARN, { type: 'DeviceRemoved', data: {} });
    await account({ type: 'AccountRemoved', data: {} });
    await device(FRONT, { type: 'DeviceDeleted', data: { intake: 1 } });

    const events = await listed();
    expect(events.map((e) => [e.event_type, e.device_id, e['error_code']].filter(Boolean))).toEqual([
      ['connected_account.connected'],
      ['device.added', FRONT],
      ['device.connected', FRONT],
      ['device.added', BARN],
      ['device.connected', BARN],
      ['device.low_battery', FRONT],
      ['device.disconnected', BARN, 'device_disconnected'],
      ['connected_account.disconnected'],
      ['device.disconnected', FRONT, 'account_disconnected'],
      ['connected_account.connected'],
      ['device.connected', FRONT],
      ['device.connected', BARN],
      ['device.removed', BARN],
      ['connected_account.deleted'],
      ['device.deleted', FRONT],
    ]);
  });

  it('tells that an account came by an invitation, and that it has been looked at', async () => {
    const webview = derivedId('webview', '1');
    await account({ type: 'AccountRemoved', data: {} });
    await account({
      type: 'AccountConnected',
      data: {
        ...{ accountId: ACCOUNT_ID, workspaceId: WORKSPACE, maker: 'lock-cloud', displayName: 'Home' },
        ...{ connectWebviewId: webview, awaitsFirstSync: true },
      },
    });
    await account({ type: 'FirstSyncCompleted', data: {} });

    const events = (await listed()).filter((event) => event.device_id === undefined);
    expect(events.map((event) => [event.event_type, event.connect_webview_id])).toEqual([
      ['connected_account.connected', undefined],
      ['connected_account.deleted', undefined],
      ['connect_webview.login_succeeded', webview],
      ['connected_account.created', webview],
      ['connected_account.connected', webview],
      ['connected_account.completed_first_sync', undefined],
    ]);
    const faults = await seamSchema('event');
    expect(events.flatMap((event) => faults(event))).toEqual([]);
  });

  it("tells a natively scheduled code's life", async () => {
    await request({ schedule });
    await code(await programmed('create', true));
    await code({ type: 'ScheduledOnDevice', data: { commandId: 'c', lockCodeId: 'L' } });
    await code({ type: 'SetOnDevice', data: { commandId: null, lockCodeId: 'L' } });
    await code({ type: 'RemovalStarted', data: { cause: 'expired' } });
    await code({ type: 'Removed', data: { cause: 'expired', wasOnDevice: true } });

    expect(await ofCode()).toEqual([
      'created',
      'mutations_requested',
      'scheduled_on_device',
      'set_on_device',
      'removed_from_device',
    ]);
  });

  it('asks for the creation at once or defers it, as the lock allows', async () => {
    await request({ schedule });
    const [requested] = await listed({ eventType: 'access_code.mutations_requested' });
    expect(requested!['requested_mutations']).toEqual([{ mutation_code: 'creating' }]);
  });

  it('defers the creation where the lock can not schedule', async () => {
    await request({ schedule, deviceId: BARN });
    const [requested] = await listed({ eventType: 'access_code.mutations_requested' });
    expect(requested!['requested_mutations']).toEqual([{ mutation_code: 'deferring_creation' }]);
  });

  it('says nothing of the device for a code that never was on it', async () => {
    await request({ schedule, deviceId: BARN });
    await code(removing, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: false } });

    expect(await ofCode()).toEqual(['created', 'mutations_requested', 'mutations_requested', 'deleted']);
  });

  it('tells a change when it is asked for and when the lock has confirmed it, PINs and all', async () => {
    await request();
    await code(await programmed('create', false), set);
    const pin = await vault.seal(CODE, '9753');
    await code({
      type: 'ChangeRequested',
      data: { name: 'Cleaner', pin, pinFingerprint: vault.fingerprint(FRONT, '9753') },
    });
    expect((await ofCode()).slice(3)).toEqual(['changed', 'mutations_requested']);

    await code(await programmed('change', false), confirmed);
    expect((await ofCode()).slice(5)).toEqual(['name_changed', 'code_changed']);
    const events = await listed({ eventTypes: ['access_code.changed', 'access_code.code_changed'] });
    expect(events).toEqual([
      expect.objectContaining({
        changed_properties: [
          { property: 'name', from: 'Guest', to: 'Cleaner' },
          { property: 'code', from: '4821', to: '9753' },
        ],
        change_reason: 'requested',
      }),
      expect.objectContaining({ from: { code: '4821' }, to: { code: '9753' } }),
    ]);
  });

  it('tells a change at once where the lock needs no telling', async () => {
    const later = { ...schedule, endsAt: iso(NOW + 60 * HOUR) };
    await request({ schedule, deviceId: BARN });
    await code({ type: 'ChangeRequested', data: { name: 'Cleaner', schedule: later } });

    expect((await ofCode()).slice(2)).toEqual([
      'changed',
      'mutations_requested',
      'name_changed',
      'time_frame_changed',
    ]);
  });

  it('tells a name that was changed while its creation was under way once the lock has it', async () => {
    await request();
    await code(await programmed('create', false));
    await code({ type: 'ChangeRequested', data: { name: 'Cleaner' } });
    await code(failed);
    await code(await programmed('create', false), set);

    expect((await ofCode()).slice(2)).toEqual([
      'changed',
      'mutations_requested',
      'name_changed',
      'set_on_device',
    ]);
  });

  it('tells each trouble once, when it begins, with what is wrong', async () => {
    await request();
    await code({ type: 'SettingDelayed', data: {} });
    for (let n = 0; n < 5; n++) await code(await programmed('create', false), failed);

    expect((await ofCode()).slice(2)).toEqual(['delay_in_setting_on_device', 'failed_to_set_on_device']);
    const [trouble] = await listed({ eventType: 'access_code.failed_to_set_on_device' });
    expect(trouble!['access_code_errors']).toEqual([
      expect.objectContaining({ error_code: 'failed_to_set_on_device' }),
    ]);
    expect(trouble!['access_code_warnings']).toEqual([
      expect.objectContaining({ warning_code: 'delay_in_setting_on_device' }),
    ]);
  });

  it("tells somebody else's hand on the lock", async () => {
    await request({ externalModificationAllowed: true });
    await code(await programmed('create', false), set);
    await code({
      type: 'ModifiedExternally',
      data: {
        fields: ['name'],
        content: {
          name: 'Mallory',
          pin: await vault.seal(CODE, '4821'),
          pinFingerprint: vault.fingerprint(FRONT, '4821'),
          window: null,
        },
        accepted: true,
      },
    });
    await code({ type: 'RemovedExternally', data: { accepted: true } });

    expect((await ofCode()).slice(3)).toEqual([
      'modified_external_to_seam',
      'changed',
      'name_changed',
      'deleted_external_to_seam',
    ]);
  });

  it('keeps PINs out of the stream and the feed, and gives none once it is erased', async () => {
    await request({}, '482193');
    await code(await programmed('create', false), set, removing);
    await code({ type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } });
    expect((await listed({ eventType: 'access_code.set_on_device' }))[0]!['code']).toBe('482193');

    await vault.erase(CODE);
    const [event] = await listed({ eventType: 'access_code.deleted' });
    expect(event).toMatchObject({ code: null });
    expect(event).not.toHaveProperty('sealed_pins');
    // Where the API promises a text there is an empty one.
    expect(await listed({ eventType: 'access_code.set_on_device' })).toMatchObject([{ code: '' }]);
    const faults = await seamSchema('event');
    expect((await listed()).flatMap((each) => faults(each))).toEqual([]);
    const lying = JSON.stringify([
      (await stored()).map((each) => [each.data, each.metadata]),
      await views.db.selectFrom('events_v2').selectAll().execute(),
      await views.db.selectFrom(TRANSLATOR).selectAll().execute(),
    ]);
    expect(lying).not.toContain('482193');
  });

  it('says who asked, and what each event comes from', async () => {
    await request();

    const [, , , , , created] = await stored();
    expect(created).toMatchObject({
      type: 'access_code.created',
      metadata: { $correlationId: 'request-1', actor: { type: 'api_key', id: 'key' }, occurredAt: iso(NOW) },
    });
  });

  it('finds events by every filter', async () => {
    await request();
    const [first, second] = await listed({ accessCodeId: CODE });

    expect(await listed({ eventIds: [second!.event_id] })).toEqual([second]);
    expect(await listed({ since: NOW + 1 })).toEqual([]);
    expect(await listed({ between: [NOW - 1, NOW + 1], accessCodeIds: [CODE] })).toEqual([first, second]);
    expect(await listed({ between: [NOW, NOW + 1] })).toEqual([]);
    expect(await listed({ deviceId: FRONT, eventTypes: ['access_code.created'] })).toEqual([first]);
    expect(await listed({ connectedAccountId: id(99) })).toEqual([]);
    expect(await listed({ deviceIds: [] })).toEqual([]);
  });

  it('tells nothing twice when all of it is translated again, and goes on where it stopped', async () => {
    await request();
    await code(await programmed('create', false), set);
    const before = (await stored()).map((event) => event.id);
    await stop();
    await new Translator(store, settings).drop(views.db, TRANSLATOR_VERSION);
    await views.db.schema.dropTable('events_v2').execute();
    await views.db.deleteFrom('checkpoints').execute();

    await start();
    expect((await stored()).map((event) => event.id)).toEqual(before);
    await code(removing);
    expect((await stored()).map((event) => event.id)).toHaveLength(before.length + 1);
    expect(new Set(before).size).toBe(before.length);
    expect((await listed()).map((event) => event.event_id)).toEqual(
      (await stored()).map((event) => event.id),
    );
  });

  it('tells nothing twice when it dies between appending and remembering', async () => {
    await request();
    await settled();
    await stop();
    await code(await programmed('create', false), set);
    await code(removing);
    const dying = new Translator(store, settings);
    const recorded: RecordedEvent[] = [];
    for await (const event of store.read(`accessCode-${CODE}`, 1)) recorded.push(event);
    for (const upTo of [1, 2, recorded.length]) {
      await expect(
        views.transaction(async (trx) => {
          await dying.apply(trx, recorded.slice(0, upTo));
          throw new Error('died');
        }),
      ).rejects.toThrow('died');
    }

    await start();
    const ids = (await stored()).map((event) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect((await ofCode()).slice(2)).toEqual(['set_on_device', 'mutations_requested']);
  });

  it('gives every event the published shape', async () => {
    const faults = await seamSchema('event');
    await request({ schedule });
    await code({ type: 'SettingDelayed', data: {} });
    for (let n = 0; n < 3; n++) await code(await programmed('create', true), failed);
    await code(await programmed('create', true), {
      type: 'ScheduledOnDevice',
      data: { commandId: 'c', lockCodeId: 'L' },
    });
    await code({
      type: 'ChangeRequested',
      data: {
        name: null,
        pin: await vault.seal(CODE, '9753'),
        pinFingerprint: vault.fingerprint(FRONT, '9753'),
        schedule: null,
      },
    });
    await code(await programmed('change', true), confirmed);
    await code({ type: 'RemovedExternally', data: { accepted: false } });
    await code({ type: 'WithdrawnFromDevice', data: { commandId: null } });
    await account({ type: 'AccountDisconnected', data: { reason: 'revoked' } });
    await device(FRONT, { type: 'BatteryRanLow', data: { level: null } });
    await code(removing, { type: 'RemovalDelayed', data: {} });
    await code({ type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } });
    await account({ type: 'AccountRemoved', data: {} });

    const events = await listed();
    expect(
      events.map((event) => [event.event_type, faults(event)]).filter(([, wrong]) => wrong!.length > 0),
    ).toEqual([]);
    expect(new Set(events.map((event) => event.event_type)).size).toBeGreaterThan(18);
  });
});
