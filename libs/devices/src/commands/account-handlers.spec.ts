import { afterEachCrash, type Caller, inStream } from '@latchkey/event-sourcing';
import type { Command } from '@nestjs/cqrs';
import { deviceIdOf } from '../process-manager/account-watch';
import {
  ACCOUNT_ID,
  added,
  caller,
  connected,
  described,
  DEVICE_ID,
  DeviceScenario,
  onAccount,
  onDevice,
  WORKSPACE,
} from '../testing/device-scenario';
import { GetConnectedAccount, GetDevice } from '../views';
import { DeleteConnectedAccount, SyncConnectedAccount, UpdateConnectedAccount } from './commands';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const absent = { kind: 'absent', what: 'connected account' } as const;
const stranger = caller('request-1', 'workspace-2');
const removed = onAccount({ type: 'AccountRemoved', data: {} });
const deleted = onDevice({ type: 'DeviceDeleted', data: { intake: 1 } });
const shown = () =>
  devices.process.ask(new GetConnectedAccount(WORKSPACE, { connectedAccountId: ACCOUNT_ID }));

/** Whatever the command, it needs an account that is there. */
const eachNeedsAnAccount = (make: (by: Caller) => Command<void>) =>
  it('finds no account that does not exist, is another workspace’s, or deleted', async () => {
    await devices.given();
    await devices.when(make(caller())).thenFails(absent);
    await devices.given(connected(), added());
    await devices.when(make(stranger)).thenFails(absent);
    await devices.given(removed);
    await devices.when(make(caller())).thenFails(absent);
    expect(devices.told).toEqual([]);
  });

describe('UpdateConnectedAccount', () => {
  const update = (wanted: UpdateConnectedAccount['wanted']) =>
    new UpdateConnectedAccount(caller(), ACCOUNT_ID, wanted);

  it('records what has changed, and can be read at once', async () => {
    await devices.given(connected());
    await devices
      .when(update({ displayName: 'Acme', customMetadata: { site: 'a' } }))
      .then(onAccount({ type: 'AccountUpdated', data: { customMetadata: { site: 'a' } } }));
    expect(await shown()).toMatchObject({ custom_metadata: { site: 'a' } });
  });

  it('records nothing twice', async () => {
    await devices.given(connected());
    const told = onAccount({ type: 'AccountUpdated', data: { managesNewDevices: false } });
    await devices.when(update({ managesNewDevices: false })).then(told);
    await devices.when(update({ managesNewDevices: false })).then();
  });

  it('does not give a customer’s account to another customer', async () => {
    await devices.given(connected({ customerKey: 'alice' }));
    await devices.when(update({ customerKey: 'alice' })).then();
    await devices.when(update({ displayName: 'Mine', customerKey: 'bob' })).thenFails({
      kind: 'invalid',
      wrong: { customerKey: 'is given once, and stays' },
    });
  });

  it('is decided again when somebody else was faster', async () => {
    await devices.given(connected());
    const theirs = onAccount({ type: 'AccountUpdated', data: { customerKey: 'alice' } });
    devices.overtakenBy(theirs);
    await devices.when(update({ customerKey: 'alice' })).then(theirs);
    devices.overtakenBy(removed);
    await devices.when(update({ displayName: 'Mine' })).then(removed);
  });

  it('has the same result after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected());
        await scenario
          .when(update({ displayName: 'Mine' }))
          .then(onAccount({ type: 'AccountUpdated', data: { displayName: 'Mine' } }));
      },
    ));

  eachNeedsAnAccount((by) => new UpdateConnectedAccount(by, ACCOUNT_ID, {}));
});

describe('DeleteConnectedAccount', () => {
  const remove = new DeleteConnectedAccount(caller(), ACCOUNT_ID);

  it('removes the account, then its devices with their codes, then its tokens', async () => {
    await devices.given(connected(), added(), added(described({ lockId: 'lock-2' })));
    const other = deviceIdOf(ACCOUNT_ID, 'lock-2');
    const otherDeleted = inStream(`device-${other}`, { type: 'DeviceDeleted', data: { intake: 1 } });
    await devices.when(remove).then(removed, deleted, otherDeleted);
    expect(devices.told).toEqual([`abandoned ${DEVICE_ID}`, `abandoned ${other}`, `forgotten ${ACCOUNT_ID}`]);
    expect(devices.awaited).toEqual([await devices.store.ping()]);
    await expect(shown()).rejects.toThrow('The connected account does not exist.');
    const device = new GetDevice(WORKSPACE, { deviceId: DEVICE_ID });
    await expect(devices.process.ask(device)).rejects.toThrow('The device does not exist.');
  });

  it('removes an account without devices, which can be read at once', async () => {
    await devices.given(connected());
    await devices.when(remove).then(removed);
    expect(devices.told).toEqual([`forgotten ${ACCOUNT_ID}`]);
    await expect(shown()).rejects.toThrow('The connected account does not exist.');
  });

  it('waits for its own removal where its devices were deleted before', async () => {
    await devices.given(connected(), added(), deleted, removed, connected());
    await devices.when(remove).then(removed);
    expect(devices.awaited).toEqual([await devices.store.ping()]);
  });

  it('is finished by the watch after a crash in any step', async () => {
    for (const appends of [1, 2]) {
      const scenario = new DeviceScenario();
      await scenario.given(connected(), added());
      scenario.reached.dieAfter(appends);
      await expect(scenario.process.execute(remove)).rejects.toThrow('the process died in the middle');
      await scenario.restart();
      expect(scenario.told).toEqual([]);
      await scenario.when(remove).thenFails(absent);
      await scenario.when(({ watch }) => watch.account(ACCOUNT_ID)).then(...(appends === 1 ? [deleted] : []));
      expect(scenario.told).toEqual([`abandoned ${DEVICE_ID}`, `forgotten ${ACCOUNT_ID}`]);
      await scenario.close();
    }
  });

  eachNeedsAnAccount((by) => new DeleteConnectedAccount(by, ACCOUNT_ID));
});

describe('SyncConnectedAccount', () => {
  const sync = new SyncConnectedAccount(caller(), ACCOUNT_ID);
  const requested = onAccount({ type: 'SyncRequested', data: {} });

  it('asks for the locks at once, and answers when the result can be read', async () => {
    await devices.given(connected());
    devices.maker.shows = { kind: 'answered', value: [described()] };
    await devices.when(sync).then(requested, added());
    const device = new GetDevice(WORKSPACE, { deviceId: DEVICE_ID });
    expect(await devices.process.ask(device)).toMatchObject({ display_name: 'Front Door' });
  });

  it('brings back what was deleted here before', async () => {
    await devices.given(connected(), added(), deleted);
    devices.maker.shows = { kind: 'answered', value: [described()] };
    await devices.when(sync).then(requested, added());
  });

  it('is recorded each time', async () => {
    await devices.given(connected());
    await devices.when(sync).then(requested);
    await devices.when(sync).then(requested);
  });

  it('is decided again when somebody else was faster', async () => {
    await devices.given(connected());
    devices.overtakenBy(requested);
    await devices.when(sync).then(requested, requested);
  });

  it('records an outage and answers', async () => {
    await devices.given(connected());
    devices.maker.shows = { kind: 'unreachable', message: 'no route' };
    const outage = onAccount({ type: 'MakerUnreachable', data: { reason: 'no route' } });
    await devices.when(sync).then(requested, outage);
  });

  it('is not lost in a crash: the watch asks for the locks', async () => {
    await devices.given(connected(), added(), deleted);
    devices.maker.shows = { kind: 'answered', value: [described()] };
    devices.reached.dieAfter(1);
    await expect(devices.process.execute(sync)).rejects.toThrow('the process died in the middle');
    await devices.restart();
    await devices.when(({ watch }) => watch.account(ACCOUNT_ID)).then(added());
  });

  eachNeedsAnAccount((by) => new SyncConnectedAccount(by, ACCOUNT_ID));
});
