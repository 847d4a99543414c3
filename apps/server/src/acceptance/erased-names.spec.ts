import type { SeamAccessCode } from '@latchkey/access-codes';
import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { testEngines } from '@latchkey/database';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { latchkey } from '../cli/latchkey';
import { Api, type ListedEvent } from '../testing/api';
import type { LockAndDevice } from '../testing/keypads';
import { ownPostgresDatabase } from '../testing/own-postgres-database';
import { RestartableServer } from '../testing/restartable-server';

/** Part of every name that is to be erased, and in nothing else. */
const RARE = 'Quibbleworth';
const OTHER = 'Featherstone';

interface Erasure {
  readonly codes: readonly {
    readonly access_code_id: string;
    readonly result: string;
    readonly error_code?: string;
    readonly message?: string;
  }[];
  readonly is_public_stream_rewritten: boolean;
}

let server: RestartableServer;
/** Of the server's own, where it runs on PostgreSQL. */
let postgres: Awaited<ReturnType<typeof ownPostgresDatabase>> | undefined;
let lock: LockAndDevice;
/** Those that had a rare name, by how they came to it. */
let named: Record<string, string>;
let other: string;
let exported: string;

const cli = async (...args: string[]) => {
  const [out, complaints]: [string[], string[]] = [[], []];
  const env = { DATA_DIR: server.dataDir, ...(postgres && { DATABASE_URL: postgres.url }) };
  const code = await latchkey(
    args,
    env,
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
};

async function erase(params: object): Promise<Erasure> {
  return (await server.api.ask<{ erasure: Erasure }>('/audit/erase', params)).erasure;
}

/** A request whose answer is kept, under a key. */
async function once<T>(path: string, params: object, key: string = randomUUID()): Promise<T> {
  const answer = await fetch(server.api.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.api.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(params),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

async function create(params: object, key?: string): Promise<string> {
  const answer = await once<{ access_code: SeamAccessCode }>('/access_codes/create', params, key);
  return answer.access_code.access_code_id;
}

/** The files of the data folder that have any of these words in them: as they are, or unpacked. */
function filesWith(...words: string[]): string[] {
  const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== exported)
    .filter((path) => {
      const all = contentsOf(path);
      return words.some((word) =>
        [word, word.toLowerCase(), word.toUpperCase()].some((each) => all.includes(each)),
      );
    })
    .map((path) => path.slice(server.dataDir.length + 1).replace(/-wal$/, ''));
}

/** The schemas of PostgreSQL that have any of these words in a row. */
async function schemasWith(...words: string[]): Promise<string[]> {
  if (!postgres) return [];
  const client = new pg.Client(postgres.url);
  await client.connect();
  const { rows: tables } = await client.query<{ schema: string; name: string }>(
    `select schemaname as schema, tablename as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const found = new Set<string>();
  for (const { schema, name } of tables) {
    const { rows } = await client.query<{ row: string }>(
      `select t::text as row from "${schema}"."${name}" t`,
    );
    const text = rows.map(({ row }) => row.toLowerCase()).join('\n');
    if (words.some((word) => text.includes(word.toLowerCase()))) found.add(schema);
  }
  await client.end();
  return [...found];
}

/** Where any of these words is, in files or tables. */
const placesWith = async (...words: string[]): Promise<string[]> => [
  ...filesWith(...words),
  ...(await schemasWith(...words)).map((schema) => `${schema}.db`),
];

/** With what is compressed in it, however many pieces that is in. */
function contentsOf(path: string): Buffer {
  const bytes = readFileSync(path);
  const parts = [bytes];
  const begins = Buffer.from([0x1f, 0x8b, 0x08]);
  for (let at = bytes.indexOf(begins); at >= 0; at = bytes.indexOf(begins, at + 1)) {
    try {
      parts.push(gunzipSync(bytes.subarray(at)));
    } catch {
      // It goes on with something else, or only looked like the beginning of one.
      const end = bytes.indexOf(begins, at + 1);
      if (end > 0)
        try {
          parts.push(gunzipSync(bytes.subarray(at, end)));
        } catch {
          continue;
        }
    }
  }
  return Buffer.concat(parts);
}

/** Every way in which a name comes in. */
async function liveUnderRareNames(): Promise<void> {
  const { api, locks } = server;
  const { deviceId: device_id } = lock;
  named['created'] = await create({ device_id, code: '4173', name: `Created ${RARE}` });
  named['renamed'] = await create({ device_id, code: '5284', name: 'Room 5' });
  named['key'] = await create({
    device_id,
    code: '6395',
    name: 'Room 6',
    common_code_key: `Stay of ${RARE}`,
  });
  named['linked'] = (
    await once<{ access_codes: SeamAccessCode[] }>('/access_codes/create_multiple', {
      device_ids: [device_id],
      name: `Linked ${RARE}`,
      code: '7406',
    })
  ).access_codes[0]!.access_code_id;
  other = await create({ device_id, code: '8517', name: OTHER });
  await api.advance(MINUTE);
  await once('/access_codes/update', { access_code_id: named['renamed'], name: `Renamed ${RARE}` });
  await once('/access_codes/update', { access_code_id: other, name: `${OTHER} the second` });
  await api.advance(MINUTE);
  await api.update(named['renamed'], { name: 'Room 7' });

  await locks.putByHand(lock, `Owner ${RARE}`, '9628');
  await api.advance(DAY);
  const { access_codes } = await api.ask<{ access_codes: { access_code_id: string }[] }>(
    '/access_codes/unmanaged/list',
    { device_id },
  );
  named['converted'] = access_codes[0]!.access_code_id;
  await api.ask('/access_codes/unmanaged/convert_to_managed', {
    access_code_id: named['converted'],
    allow_external_modification: true,
  });
  await api.advance(MINUTE);
  const held = (await locks.codes(lock)).find(({ code }) => code === '9628')!;
  await locks.changeByHand(lock, held, { name: `Changed ${RARE}` });
  await api.advance(DAY);
  named['again'] = await create({ device_id, code: '1739', name: `Again ${RARE}` }, 'key-of-creation');
  await api.advance(MINUTE);
}

describe.each(testEngines)('erasing names, on %s', (engine) => {
  beforeAll(async () => {
    postgres = engine === 'postgres' ? await ownPostgresDatabase() : undefined;
    server = new RestartableServer(postgres && { DATABASE_URL: postgres.url });
    named = {};
    await server.start();
    exported = join(server.dataDir, 'before.jsonl');
    lock = await server.locks.add();
    // Told of everything, and never there: what is to be delivered to it waits.
    await server.api.ask('/webhooks/create', { url: 'http://127.0.0.1:9/', event_types: ['*'] });
    await liveUnderRareNames();
  }, 120_000);
  afterAll(async () => {
    await server.discard();
    await postgres?.drop();
  });

  it('is refused for codes that may still open a door, one by one', async () => {
    const erasure = await erase({ name: `Created ${RARE}` });
    expect(erasure).toEqual({
      codes: [
        {
          access_code_id: named['created'],
          result: 'refused',
          error_code: 'not_gone',
          message: expect.stringContaining('delete it first') as string,
        },
      ],
      is_public_stream_rewritten: true,
      not_reached: ['names_of_devices_and_accounts', 'backups_and_exports', 'copies_of_integrations'],
    });
    const byCommand = await cli('erase', '--name', `Created ${RARE}`, '--yes');
    expect(byCommand).toMatchObject({ code: 1, complaint: '1 of 1 codes were refused.' });
    expect((await server.api.get(named['created']!)).name).toBe(`Created ${RARE}`);
  });

  it('is for keys with the permission, and of what is named once', async () => {
    const refused = async (params: object, api = server.api) => {
      const { status, body } = await api.call('/audit/erase', params);
      return [status, body.error?.type];
    };
    const access_code_id = named['created']!;
    expect(await refused({})).toEqual([400, 'invalid_input']);
    expect(await refused({ access_code_id, name: OTHER })).toEqual([400, 'invalid_input']);
    expect(await refused({ access_code_id: randomUUID() })).toEqual([404, 'access_code_not_found']);
    const made = await cli('api-keys', 'make', '--name', 'Auditor', '--audit');
    const auditor = new Api(server.api.url, /seam_\w+/.exec(made.out)![0]);
    expect(await refused({ access_code_id }, auditor)).toEqual([403, 'forbidden']);
    expect((await cli('erase', '--yes')).complaint).toBe('Say which: --code ID or --name TEXT.');
  });

  it('leaves nothing of the names in any file, and all that others have', async () => {
    const { api } = server;
    for (const id of Object.values(named)) await api.delete(id);
    await api.advance(HOUR);
    expect(await cli('audit', 'export', '--out', exported)).toMatchObject({ code: 0, complaint: '' });
    // The search is one.
    expect(await placesWith(RARE)).toEqual(
      expect.arrayContaining(['audit.db', 'eventstore/events.db', 'feed.db', 'records.db', 'views.db']),
    );

    const dry = await erase({ name: `Created ${RARE}`, dry_run: true });
    expect(dry.codes).toEqual([{ access_code_id: named['created'], result: 'would_be_erased' }]);
    expect((await erase({ name: `Renamed ${RARE}` })).codes).toEqual([
      { access_code_id: named['renamed'], result: 'erased' },
    ]);
    const without = await cli('erase', '--name', `Linked ${RARE}`);
    expect(without).toMatchObject({ code: 1 });
    expect(without.complaint).toBe('Nothing was erased, since it can not be undone: say --yes to do it.');
    const byCommand = await cli('erase', '--name', `Linked ${RARE}`, '--yes', '--json');
    expect(byCommand).toMatchObject({ code: 0, complaint: '' });
    expect(JSON.parse(byCommand.out)).toEqual({ access_code_id: named['linked'], result: 'erased' });
    for (const access_code_id of Object.values(named))
      expect((await erase({ access_code_id })).codes).toEqual([{ access_code_id, result: 'erased' }]);
    expect((await erase({ name: `Created ${RARE}` })).codes).toEqual([]);

    expect(await placesWith(RARE)).toEqual([]);
    expect(await api.get(other)).toMatchObject({ name: `${OTHER} the second`, code: '8517' });
    expect(await placesWith(OTHER)).toEqual(
      expect.arrayContaining(['audit.db', 'eventstore/events.db', 'feed.db']),
    );
    await server.stop();
    expect(await placesWith(RARE)).toEqual([]);
    await server.start();
  }, 120_000);

  it('is told to integrations, and in the history', async () => {
    const { api } = server;
    const events = await api.events(named['renamed']!);
    expect(events.map(({ event_type }) => event_type)).toEqual(
      expect.arrayContaining(['access_code.name_changed', 'access_code.deleted']),
    );
    expect(events.at(-1)).toMatchObject({
      event_type: 'access_code.personal_data_erased',
      device_id: lock.deviceId,
    });
    const changes = events.filter(({ event_type }) => event_type === 'access_code.name_changed');
    expect(changes).toHaveLength(2);
    for (const change of changes) expect(change).toMatchObject({ from: { name: null }, to: { name: null } });
    const { audit_entries } = await api.ask<{ audit_entries: { event_type: string; detail: object }[] }>(
      '/audit/history',
      { access_code_id: named['renamed'] },
    );
    expect(audit_entries.map(({ event_type }) => event_type)).toEqual(
      expect.arrayContaining(['CodeRequested', 'ChangeRequested', 'PersonalDataErased', 'ErasureCompleted']),
    );
    expect(audit_entries[0]!.detail).toMatchObject({ name: null });
    const ofOther = await api.events(other);
    expect(
      ofOther.find(({ event_type }: ListedEvent) => event_type === 'access_code.name_changed'),
    ).toMatchObject({
      from: { name: OTHER },
      to: { name: `${OTHER} the second` },
    });
  });

  it('is not undone by the answer that is given again to a request with a key', async () => {
    const { deviceId: device_id } = lock;
    const asked = { device_id, code: '1739', name: `Again ${RARE}` };
    const { access_code } = await once<{ access_code: SeamAccessCode }>(
      '/access_codes/create',
      asked,
      'key-of-creation',
    );
    expect(access_code).toMatchObject({ access_code_id: named['again'], name: null, code: null });
  });

  it('leaves chain, exports and views sound, also once all views are folded again', async () => {
    const after = join(server.dataDir, 'after.jsonl');
    const check = async () => {
      expect(await cli('verify', 'history')).toMatchObject({ code: 0, complaint: '' });
      expect(await cli('verify', 'views')).toMatchObject({ code: 0, complaint: '' });
    };
    await check();
    expect(await cli('audit', 'check', exported)).toMatchObject({ code: 0, complaint: '' });
    expect(await cli('audit', 'export', '--out', after)).toMatchObject({ code: 0, complaint: '' });
    expect(await cli('audit', 'check', after)).toMatchObject({ code: 0, complaint: '' });
    const hashes = (file: string) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line) => /"hash":"(\w+)"\}$/.exec(line)?.[1] ?? []);
    expect([exported, after].map((file) => readFileSync(file, 'utf8').includes(RARE))).toEqual([true, false]);
    const before = hashes(exported);
    expect(before.length).toBeGreaterThan(30);
    expect(hashes(after).slice(0, before.length)).toEqual(before);
    expect(await cli('rebuild', 'all')).toMatchObject({ code: 0 });
    await check();
    expect(await placesWith(RARE)).toEqual([]);
    expect((await server.api.get(other)).name).toBe(`${OTHER} the second`);
  }, 120_000);

  it('is carried out by the next start, where no server runs', async () => {
    const code = await create({ device_id: lock.deviceId, code: '2951', name: `Later ${RARE}` });
    await server.api.advance(MINUTE);
    await server.api.delete(code);
    await server.api.advance(HOUR);
    await server.stop();
    const decided = await cli('erase', '--code', code, '--yes');
    expect(decided).toMatchObject({ code: 0, complaint: '' });
    expect(decided.out).toContain('The server erases what is under way when it is started.');
    expect(decided.out).toContain('Not reached: names of devices and accounts, backups and exports');
    expect(filesWith(RARE)).toContain('eventstore/events.db');
    await server.start();
    const { codes } = await erase({ access_code_id: code });
    expect(codes).toEqual([{ access_code_id: code, result: 'erased' }]);
    expect(await placesWith(RARE)).toEqual([]);
  }, 60_000);
});
