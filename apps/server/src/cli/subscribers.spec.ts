import { AccessDeniedError, EventStoreDBClient } from '@eventstore/db-client';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ServerWorld } from '../testing/server-world';
import { subscribers } from './subscribers';

let world: ServerWorld;
let running = true;
beforeAll(async () => {
  world = await ServerWorld.start();
}, 60_000);
afterAll(async () => {
  if (running) await world.shutDown();
  rmSync(world.dataDir, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const out: string[] = [];
  const complaints: string[] = [];
  const code = await subscribers(
    args,
    { DATA_DIR: world.dataDir, EVENTSTORE_PORT: String(world.eventstorePort) },
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
}

async function types(client: EventStoreDBClient, stream: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { event } of client.readStream(stream)) found.push(event!.type);
  return found;
}

test('a subscriber is made while the server runs, reads the public events alone, and is revoked', async () => {
  const { deviceId } = await world.locks.named('Front Door');
  const { access_code_id: codeId } = await world.api.create({ device_id: deviceId, name: 'Guest' });
  const { out, complaint } = await run('make', '--name', 'Booking system');
  expect(complaint).toBe('');
  const login = /login +(\S+)/.exec(out)![1]!;
  const password = /^ {2}password +(\S+)/m.exec(out)![1]!;
  const stream = /the stream (\S+)/.exec(out)![1]!;
  const authority = /a copy of (\S+),/.exec(out)![1]!;
  const address = /connects to (\S+)/.exec(out)![1]!;
  const client = EventStoreDBClient.connectionString(
    address.replace('PASSWORD', password).replace('tlsCAFile=ca.crt', `tlsCAFile=${authority}`),
  );
  try {
    expect(await types(client, stream)).toContain('access_code.created');
    await expect(types(client, `accessCode-${codeId}`)).rejects.toThrow(AccessDeniedError);

    const listed = await run('list');
    expect(listed.out).toMatch(new RegExp(`^${login}  made 20.*  Booking system$`));
    expect(listed.out).not.toContain(password);
    expect(readFileSync(join(world.dataDir, 'eventstore/events.db'), 'latin1')).not.toContain(password);

    expect(await run('revoke', login)).toMatchObject({ code: 0 });
    await expect(types(client, stream)).rejects.toThrow(/UNAUTHENTICATED|Access/);
    expect((await run('list')).out).toBe('There are no subscribers.');
  } finally {
    await client.dispose();
  }
}, 60_000);

test.each([
  [['make'], /--name/],
  [['make', '--name', 'x', '--workspace', 'other'], /no workspace other/],
  [['revoke', 'admin'], /no subscriber admin/],
  [['revoke', 'subscriber-0123456789ab'], /no subscriber subscriber-0123456789ab/],
  [['delete'], /unknown command/],
])('%j is refused with a word why', async (args, complaint) => {
  const result = await run(...args);
  expect(result.code).toBe(1);
  expect(result.complaint).toMatch(complaint);
});

test('with an event store of the operator’s own it says where to look', async () => {
  const complaints: string[] = [];
  const env = { DATA_DIR: world.dataDir, EVENTSTORE_URL: 'esdb://elsewhere:2113' };
  expect(
    await subscribers(
      ['list'],
      env,
      () => undefined,
      (line) => complaints.push(line),
    ),
  ).toBe(1);
  expect(complaints.join()).toMatch(/EVENTSTORE_URL is set/);
});

test('subscribers are managed while the server is stopped, too', async () => {
  running = false;
  await world.shutDown();

  const { out } = await run('make', '--name', 'Later');

  expect(out).toMatch(/login +subscriber-/);
  expect((await run('list')).out).toMatch(/Later$/);
}, 60_000);
