import { afterEachCrash, inStream } from '@latchkey/event-sourcing';
import {
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
import { GetDevice, GetUnmanagedDevice } from '../views';
import { DeleteDevice, ReportCodeLengths, UpdateDevice } from './commands';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const absent = { kind: 'absent', what: 'device' } as const;
const deleted = onDevice({ type: 'DeviceDeleted', data: { intake: 1 } });
const unmanaged = onDevice({ type: 'DeviceConvertedToUnmanaged', data: {} });
const stranger = caller('request-1', 'workspace-2');
const shown = () => devices.process.ask(new GetDevice(WORKSPACE, { deviceId: DEVICE_ID }));
/** Records the codes on the device, and returns the position. */
const onCode = inStream('device-of-code', ...added(described({ lockId: 'lock-2' })));
const writeOnCode = async () =>
  (await devices.store.append(onCode[0]!.stream, [devices.encoded(onCode[0]!)], 'any')).position;

describe('UpdateDevice', () => {
  const rename = new UpdateDevice(caller(), DEVICE_ID, { nickname: 'Porch' }, 'managed');
  const renamed = onDevice({ type: 'DeviceUpdated', data: { nickname: 'Porch' } });

  it('records what has changed, and can be read at once', async () => {
    await devices.given(connected(), added());
    await devices.when(rename).then(renamed);
    expect(await shown()).toMatchObject({ display_name: 'Porch' });
    expect(devices.told).toEqual([]);
  });

  it('tells nothing twice', async () => {
    await devices.given(connected(), added());
    await devices.when(rename).then(renamed);
    await devices.when(rename).then();
  });

  it('merges custom metadata into what is there by then', async () => {
    await devices.given(connected(), added());
    const keep = (customMetadata: Record<string, string | null>) =>
      new UpdateDevice(caller(), DEVICE_ID, { customMetadata }, 'managed');
    await devices
      .when(keep({ floor: '1', side: 'north' }))
      .then(onDevice({ type: 'DeviceUpdated', data: { customMetadata: { floor: '1', side: 'north' } } }));
    devices.overtakenBy(
      onDevice({ type: 'DeviceUpdated', data: { customMetadata: { floor: '2', wing: 'b' } } }),
    );
    await devices
      .when(keep({ floor: '3', side: null }))
      .then(
        onDevice(
          { type: 'DeviceUpdated', data: { customMetadata: { floor: '2', wing: 'b' } } },
          { type: 'DeviceUpdated', data: { customMetadata: { floor: '3', wing: 'b' } } },
        ),
      );
  });

  it('makes the codes of a device unmanaged with it, and answers when that can be read', async () => {
    await devices.given(connected(), added());
    const letGo = new UpdateDevice(caller(), DEVICE_ID, { managed: false }, 'managed');
    devices.onCodes = writeOnCode;
    await devices.when(letGo).then(unmanaged, onCode);
    expect(devices.told).toEqual([`let go ${DEVICE_ID}`]);
    const query = new GetUnmanagedDevice(WORKSPACE, { deviceId: DEVICE_ID });
    expect(await devices.process.ask(query)).toMatchObject({ is_managed: false });
    expect(devices.awaited).toEqual([await devices.store.ping()]);
  });

  it('takes a device back under management, and leaves its codes alone', async () => {
    await devices.given(connected(), added(), unmanaged);
    const manage = new UpdateDevice(caller(), DEVICE_ID, { managed: true }, 'unmanaged');
    await devices.when(manage).then(onDevice({ type: 'DeviceConvertedToManaged', data: {} }));
    expect(devices.told).toEqual([]);
  });

  it('finds no device that does not exist, is another workspace’s, deleted, or of the other kind', async () => {
    await devices.given();
    await devices.when(rename).thenFails(absent);
    await devices.given(connected(), added());
    await devices.when(new UpdateDevice(stranger, DEVICE_ID, {}, 'managed')).thenFails(absent);
    await devices.when(new UpdateDevice(caller(), DEVICE_ID, {}, 'unmanaged')).thenFails(absent);
    await devices.given(unmanaged);
    await devices.when(rename).thenFails(absent);
    await devices.given(deleted);
    await devices.when(new UpdateDevice(caller(), DEVICE_ID, {}, 'unmanaged')).thenFails(absent);
    expect(devices.told).toEqual([]);
  });

  it('keeps at most fifty entries of custom metadata', async () => {
    const entries = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`entry-${from + n}`, 'x']));
    const add = (customMetadata: Record<string, string | null>) =>
      new UpdateDevice(caller(), DEVICE_ID, { customMetadata }, 'managed');
    await devices.given(connected(), added());
    await devices
      .when(add(entries(0, 50)))
      .then(onDevice({ type: 'DeviceUpdated', data: { customMetadata: entries(0, 50) } }));
    await devices.when(add(entries(50, 1))).thenFails({
      kind: 'invalid',
      wrong: { customMetadata: 'must leave at most 50 entries' },
    });
    await devices
      .when(add({ ...entries(50, 1), 'entry-0': null }))
      .then(onDevice({ type: 'DeviceUpdated', data: { customMetadata: entries(1, 50) } }));
  });

  it('comes out the same after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected(), added());
        await scenario.when(rename).then(renamed);
      },
    ));
});

describe('DeleteDevice', () => {
  const remove = new DeleteDevice(caller(), DEVICE_ID);

  it('deletes the device with its codes, which can be read at once', async () => {
    await devices.given(connected(), added());
    devices.onCodes = writeOnCode;
    await devices.when(remove).then(deleted, onCode);
    expect(devices.told).toEqual([`abandoned ${DEVICE_ID}`]);
    expect(devices.awaited).toEqual([await devices.store.ping()]);
    await expect(shown()).rejects.toThrow('The device does not exist.');
  });

  it('records in which intake of the account it was', async () => {
    await devices.given(connected(), added(), onAccount({ type: 'SyncRequested', data: {} }));
    await devices.when(remove).then(onDevice({ type: 'DeviceDeleted', data: { intake: 2 } }));
  });

  it('deletes one that its owner has taken out of the account', async () => {
    await devices.given(connected(), added(), onDevice({ type: 'DeviceRemoved', data: {} }));
    await devices.when(remove).then(deleted);
  });

  it('deletes one whose lock is described meanwhile', async () => {
    await devices.given(connected(), added());
    const offline = onDevice({ type: 'DeviceDisconnected', data: { errorCode: 'device_disconnected' } });
    devices.overtakenBy(offline);
    await devices.when(remove).then(offline, deleted);
  });

  it('finds that somebody else has deleted it meanwhile, and ends its codes', async () => {
    await devices.given(connected(), added());
    devices.overtakenBy(deleted);
    await devices.when(remove).then(deleted);
    expect(devices.told).toEqual([`abandoned ${DEVICE_ID}`]);
  });

  it('finds no device that does not exist, is another workspace’s, or deleted', async () => {
    await devices.given();
    await devices.when(remove).thenFails(absent);
    await devices.given(connected(), added());
    await devices.when(new DeleteDevice(stranger, DEVICE_ID)).thenFails(absent);
    await devices.given(deleted);
    await devices.when(remove).thenFails(absent);
    expect(devices.told).toEqual([]);
  });
});

describe('ReportCodeLengths', () => {
  const report = (...lengths: number[]) => new ReportCodeLengths(caller(), DEVICE_ID, lengths);
  const reported = (...lengths: number[]) => onDevice({ type: 'CodeLengthsReported', data: { lengths } });

  it('narrows what the maker reports, and can be read at once', async () => {
    await devices.given(connected(), added());
    await devices.when(report(6, 4, 6, 9)).then(reported(4, 6, 9));
    await devices.when(report(4)).then(reported(4));
    expect(await shown()).toMatchObject({ properties: { supported_code_lengths: [4] } });
  });

  it('records nothing twice, in any order', async () => {
    await devices.given(connected(), added());
    await devices.when(report(6, 4)).then(reported(4, 6));
    await devices.when(report(4, 6)).then();
  });

  it('refuses lengths that would leave none', async () => {
    await devices.given(connected(), added());
    await devices.when(report(5, 7)).thenFails({
      kind: 'invalid',
      wrong: { supportedCodeLengths: 'must hold a length that the device takes' },
    });
    // An earlier report does not prevent another one.
    await devices.when(report(6)).then(reported(6));
    await devices.when(report(4)).then(reported(4));
  });

  it('is decided again when somebody else was faster', async () => {
    await devices.given(connected(), added());
    devices.overtakenBy(reported(6));
    await devices.when(report(6)).then(reported(6));
    devices.overtakenBy(reported(4));
    await devices.when(report(4, 6)).then(reported(4), reported(4, 6));
  });

  it('comes out the same after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected(), added());
        await scenario.when(report(4)).then(reported(4));
      },
    ));

  it('comes out the same where the event store did not answer', async () => {
    await devices.given(connected(), added());
    devices.reached.loseAnswers();
    await devices.when(report(4)).then(reported(4));
  });

  it('finds no device that does not exist, is another workspace’s, away, not managed or deleted', async () => {
    await devices.given();
    await devices.when(report(4)).thenFails(absent);
    await devices.given(connected(), added());
    await devices.when(new ReportCodeLengths(stranger, DEVICE_ID, [4])).thenFails(absent);
    await devices.given(unmanaged);
    await devices.when(report(4)).thenFails(absent);
    await devices.given(
      onDevice({ type: 'DeviceConvertedToManaged', data: {} }, { type: 'DeviceRemoved', data: {} }),
    );
    await devices.when(report(4)).thenFails(absent);
    await devices.given(deleted);
    await devices.when(report(4)).thenFails(absent);
  });
});
