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
