import { optionalPackage } from '../local';
import { zigbee2mqttEntry, zigbee2mqttSystem } from '../zigbee2mqtt/entry';
import { zwaveJsEntry, zwaveJsSystem } from '../zwave-js/entry';
import { openLocalAdapters } from './local-adapters';
import type { LockSystem } from './lock-system';

// As where it was not installed.
jest.mock('mqtt', () => {
  throw Object.assign(new Error("Cannot find module 'mqtt'"), { code: 'MODULE_NOT_FOUND' });
});

const ignore = (): void => undefined;
const nothing = {
  connections: {
    get: () => Promise.resolve(null),
    put: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  },
  ...{ onReport: ignore, clock: Date, logger: { info: ignore, warn: ignore, debug: ignore } },
};
const hall = zwaveJsSystem(zwaveJsEntry.parse({ kind: 'zwave-js', name: 'hall' }), undefined);
const house = zigbee2mqttSystem(zigbee2mqttEntry.parse({ kind: 'zigbee2mqtt', name: 'house' }), undefined);
const open = (...systems: LockSystem[]) =>
  openLocalAdapters(new Map(systems.map((each) => [each.name, each])), nothing, () => '/nowhere');

describe('the adapters of a file', () => {
  it('are those of the kinds that it names, which need no package of another kind', async () => {
    const adapters = await open(hall);
    expect([...adapters.keys()]).toEqual(['zwave-js']);
    await adapters.get('zwave-js')!.close();
    expect(await open()).toEqual(new Map());
  });

  it('that need a package which is not there say in one line what to install', async () => {
    await expect(open(hall, house)).rejects.toThrow(
      /^lock systems of the kind zigbee2mqtt need a package: npm install mqtt$/,
    );
  });

  it('pass on any other trouble with a package as it is', async () => {
    const broken = Object.assign(new Error('it is broken'), { code: 'ERR_DLOPEN_FAILED' });
    await expect(optionalPackage('matter', 'x', () => Promise.reject(broken))).rejects.toBe(broken);
    const absent = Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(optionalPackage('matter', 'x y', () => Promise.reject(absent))).rejects.toThrow(
      'lock systems of the kind matter need a package: npm install x y',
    );
  });
});
