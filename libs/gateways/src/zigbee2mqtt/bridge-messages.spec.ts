import fc from 'fast-check';
import { parseDevices, parseInfo, parseLockMessage, parseOnline } from './bridge-messages';

const exposes = [{ type: 'composite', property: 'pin_code', features: [{ property: 'user' }] }];
const door = {
  ieee_address: '0x01',
  friendly_name: 'Tür 🚪',
  definition: { model: 'YRD426NRSC', vendor: 'Yale', exposes },
};

describe('the list of devices', () => {
  it('holds the locks that take codes, and passes over everything else', () => {
    const bulb = {
      ...door,
      ieee_address: '0x02',
      definition: { ...door.definition, exposes: [{ property: 'state' }] },
    };
    const disabled = { ...door, ieee_address: '0x03', disabled: true };
    const unknown = { ...door, ieee_address: '0x04', definition: null };
    const list = [{ ieee_address: '0x00', type: 'Coordinator' }, 7, bulb, door, disabled, unknown];
    expect(parseDevices(JSON.stringify(list))).toEqual([
      { lockId: '0x01', name: 'Tür 🚪', model: 'Yale YRD426NRSC' },
    ]);
  });

  it.each(['', '{}', 'null', '[', '"x"'])('is none if it is %p', (text) => {
    expect(parseDevices(text)).toBeNull();
  });
});

describe('what Zigbee2MQTT says of itself', () => {
  const info = (config: object) =>
    parseInfo(JSON.stringify({ version: '2.14.1', coordinator: { ieee_address: '0xaa' }, config }));

  it('names the network and how it is set', () => {
    expect(
      info({ advanced: { output: 'json' }, availability: { enabled: true }, devices: {} }),
    ).toMatchObject({
      ...{ version: '2.14.1', coordinator: '0xaa', publishesJson: true, watchesLocks: true },
    });
    expect(info({ advanced: { output: 'attribute' }, availability: { enabled: false } })).toMatchObject({
      ...{ publishesJson: false, watchesLocks: false },
    });
    expect(info({})).toMatchObject({ publishesJson: true, watchesLocks: false });
    expect(info({ availability: true })).toMatchObject({ watchesLocks: true });
  });

  it('tells of which locks it remembers no codes', () => {
    const devices = { '0x01': { filtered_cache: ['battery', 'users'] }, '0x02': { friendly_name: 'x' } };
    expect([...info({ devices })!.unrepeated]).toEqual(['0x01']);
    expect(info({ devices })!.filteredCache.get('0x01')).toEqual(['battery', 'users']);
    expect([...info({ devices, device_options: { filtered_cache: ['users'] } })!.unrepeated]).toEqual([
      '0x01',
      '0x02',
    ]);
    expect([...info({ devices, advanced: { cache_state: false } })!.unrepeated]).toEqual(['0x01', '0x02']);
  });

  it('is nothing without the network', () => {
    expect(parseInfo('{"version":"2.14.1"}')).toBeNull();
    expect(parseInfo('online')).toBeNull();
  });

  it.each([
    ['{"state":"online"}', true],
    ['{"state":"offline"}', false],
    ['online', true],
    ['offline', false],
    ['', null],
    ['{"state":"asleep"}', null],
  ])('%p is online: %p', (text, online) => {
    expect(parseOnline(text)).toBe(online);
  });
});

describe('a message of a lock', () => {
  it('tells the state of slots, and their digits where Zigbee2MQTT shows them', () => {
    const users = {
      ...{ 3: { status: 'enabled', pin_code: '0123' }, 4: { status: 'available' } },
      ...{
        5: { status: 'not_supported_255' },
        6: { status: 'disabled', pin_code: '****' },
        x: { status: 'enabled' },
      },
    };
    expect([...parseLockMessage(JSON.stringify({ users }))!.users!]).toEqual([
      [3, { status: 'enabled', pin: '0123' }],
      [4, { status: 'available', pin: null }],
      [5, { status: 'unsupported', pin: null }],
      [6, { status: 'disabled', pin: null }],
    ]);
  });

  it('tells what else matters, and passes over what is not what it should be', () => {
    expect(
      parseLockMessage('{"state":"LOCK","battery":90,"tamper":true,"last_seen":"2026-06-01T12:00:00Z"}'),
    ).toEqual({
      ...{ state: 'LOCK', battery: 0.9, tamper: true, lastSeen: '2026-06-01T12:00:00.000Z' },
    });
    expect(
      parseLockMessage('{"state":"AJAR","battery":"full","users":[],"action":"","action_user":-1}'),
    ).toEqual({});
  });

  it('never makes reading fail, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const read = [parseLockMessage(text), parseDevices(text), parseInfo(text)];
        return read.every((each) => each === null || typeof each === 'object');
      }),
    );
  });
});
