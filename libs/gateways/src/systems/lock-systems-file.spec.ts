import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockSystemsFileError, parseLockSystems, readLockSystemsFile } from './lock-systems-file';

const acme = {
  name: 'acme',
  display_name: 'Acme Locks',
  base_url: 'https://api.acme.example/v1/',
  client_id: 'latchkey',
  client_secret: 'hush-hush',
};
const parse = (content: unknown, env = {}) => parseLockSystems(JSON.stringify(content), 'makers.json', env);

describe('the file of lock systems', () => {
  it('names lock makers, with their secrets or where to find them', () => {
    const { client_secret: _, ...open } = acme;
    const other = {
      ...open,
      name: 'other',
      display_name: undefined,
      client_secret_env: 'OTHER_SECRET',
      capabilities: {
        native_scheduling: true,
        supported_code_lengths: [6],
        code_constraints: [{ constraint_type: 'name_length', max_length: 20 }],
      },
    };
    const makers = [
      {
        kind: 'http',
        name: 'acme',
        displayName: 'Acme Locks',
        baseUrl: 'https://api.acme.example/v1',
        clientId: 'latchkey',
        clientSecret: 'hush-hush',
      },
      {
        kind: 'http',
        name: 'other',
        displayName: 'other',
        baseUrl: 'https://api.acme.example/v1',
        clientId: 'latchkey',
        clientSecret: 'from-env',
        capabilities: {
          nativeScheduling: true,
          supportedCodeLengths: [6],
          codeConstraints: [{ constraintType: 'name_length', maxLength: 20 }],
        },
      },
    ];
    const env = { OTHER_SECRET: 'from-env' };
    expect([...parse([acme, other], env).values()]).toEqual(makers);
    expect([...parse({ lock_makers: [acme, other] }, env).values()]).toEqual(makers);
    expect(parse([]).size).toBe(0);
  });

  it.each<[unknown, string]>([
    [{}, 'must be a list of lock systems'],
    [null, 'must be a list of lock systems'],
    ['acme', 'must be a list of lock systems'],
    [[null], 'entry 1: Invalid input: expected object, received null'],
    [[acme, { ...acme, name: 'Two Words' }], 'entry 2 name: must be lower-case letters, digits, _ and -'],
    [[{ ...acme, client_id: 7 }], 'entry 1 client_id: Invalid input: expected string, received number'],
    [[{ ...acme, client_secret: undefined }], 'entry 1: needs one of client_secret and client_secret_env'],
    [[{ ...acme, client_secret_env: 'X' }], 'entry 1: needs one of client_secret and client_secret_env'],
    [[{ ...acme, client_secret: undefined, client_secret_env: 'X' }], 'acme: the environment has no X'],
    [[{ ...acme, url: 'x' }], 'entry 1: Unrecognized key: "url"'],
    [[acme, acme], 'two lock systems are named acme'],
    [[{ ...acme, base_url: 'acme' }], 'entry 1 base_url: must be a URL'],
    [
      [{ ...acme, base_url: 'https://u:p@acme.example' }],
      'entry 1 base_url: must have no user, password, query or fragment',
    ],
    [
      [{ ...acme, base_url: 'http://acme.example' }],
      'entry 1 base_url: must begin with https:// (http:// only for a host on the local network)',
    ],
    [
      [{ ...acme, base_url: 'http://8.8.8.8' }],
      'entry 1 base_url: must begin with https:// (http:// only for a host on the local network)',
    ],
    [
      [{ ...acme, base_url: 'ftp://localhost' }],
      'entry 1 base_url: must begin with https:// (http:// only for a host on the local network)',
    ],
    [
      [{ ...acme, capabilities: { supported_code_lengths: [2] } }],
      'entry 1 capabilities.supported_code_lengths.0: Too small: expected number to be >=4',
    ],
  ])('is refused with one line (%#)', (content, reason) => {
    expect(() => parse(content)).toThrow(
      new LockSystemsFileError(`The file of lock systems makers.json: ${reason}.`),
    );
  });

  it.each([
    'http://127.0.0.1:3100',
    'http://localhost:3100',
    'http://[::1]:3100',
    'http://lock-cloud:3100',
    'http://10.0.0.7',
    'http://bridge.local',
  ])('lets %s be without TLS', (base_url) => {
    expect(parse([{ ...acme, base_url }]).get('acme')).toHaveProperty('baseUrl', base_url);
  });

  describe('of systems on the local network', () => {
    const hall = { kind: 'zwave-js', name: 'hall' };
    const house = { kind: 'zigbee2mqtt', name: 'house', address: 'mqtt://hub.local', password_env: 'HUSH' };

    it('names them beside lock makers, whole or with what is to be asked for', () => {
      const whole = {
        ...hall,
        name: 'whole',
        address: 'ws://10.0.0.7:3000',
        username: 'me',
        password: 'hush',
      };
      const zone = { time_zone: 'Europe/Vienna' };
      const systems = parse([acme, { ...hall, slots: '10-29', ...zone }, whole, house], {
        HUSH: 'hush-hush',
      });
      expect([...systems.keys()]).toEqual(['acme', 'hall', 'whole', 'house']);
      expect(systems.get('hall')).toEqual({
        ...{ kind: 'zwave-js', name: 'hall', displayName: 'hall', timeZone: 'Europe/Vienna' },
        ...{ slots: { first: 10, last: 29 }, connection: null, asked: ['address', 'username', 'password'] },
      });
      expect(systems.get('whole')).toMatchObject({
        connection: { address: 'ws://10.0.0.7:3000', username: 'me', password: 'hush' },
        ...{ asked: [], slots: null },
      });
      expect(systems.get('house')).toMatchObject({ connection: { password: 'hush-hush' } });
    });

    it.each<[object, string]>([
      [{ ...hall, kind: 'z-wave' }, 'entry 1 kind: must be http, zwave-js, zigbee2mqtt or matter'],
      [{ ...hall, url: 'x' }, 'entry 1: Unrecognized key: "url"'],
      [
        { ...hall, slots: '29-10' },
        'entry 1 slots: must begin at 1 or above and end where it begins or later',
      ],
      [{ ...hall, slots: 'all' }, 'entry 1 slots: must be a range of slots, such as "10-29"'],
      [
        { ...hall, time_zone: 'Vienna' },
        'entry 1 time_zone: must be the name of a time zone, such as "Europe/Vienna"',
      ],
      [{ ...hall, address: 'hub' }, 'entry 1 address: must be an address such as ws://hub.local'],
      [{ ...hall, address: 'mqtt://hub.local' }, 'entry 1 address: must begin with ws:// or wss://'],
      [
        { ...hall, address: 'ws://me:hush@hub.local' },
        'entry 1 address: must have no user, password, query or fragment',
      ],
      [
        { ...hall, address: 'ws://hub.example.com' },
        'entry 1 address: must be on the local network, or begin with wss://',
      ],
      [house, 'house: the environment has no HUSH'],
    ])('is refused with one line (%#)', (entry, reason) => {
      expect(() => parse([entry])).toThrow(
        new LockSystemsFileError(`The file of lock systems makers.json: ${reason}.`),
      );
    });
  });

  it('is refused without repeating it if it is not JSON', () => {
    expect(() => parseLockSystems('[{"client_secret": "hush-hush",}]', 'makers.json', {})).toThrow(
      new LockSystemsFileError('The file of lock systems makers.json: is not JSON.'),
    );
  });

  describe('on disk', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lock-makers-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is read', async () => {
      const path = join(folder, 'makers.json');
      await writeFile(path, `\uFEFF${JSON.stringify([acme])}`);
      expect([...(await readLockSystemsFile(path, {})).keys()]).toEqual(['acme']);
    });

    it('must be there, and be a file', async () => {
      await expect(readLockSystemsFile(join(folder, 'none.json'), {})).rejects.toThrow(
        new LockSystemsFileError(`The file of lock systems ${folder}/none.json cannot be read (ENOENT).`),
      );
      await expect(readLockSystemsFile(folder, {})).rejects.toThrow('cannot be read (EISDIR)');
    });
  });
});
