import { EventStoreDBClient, START } from '@eventstore/db-client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { useServer } from '../testing/use-server';
import { subscribers } from './subscribers';

const world = useServer();

/** The sample of docs/subscribers.md, with what is to be filled in, as a function of what it leaves to its reader. */
function sample(login: string, password: string) {
  const text = readFileSync(join(__dirname, '../../../../docs/subscribers.md'), 'utf8');
  const [, block] = /```ts\n([\s\S]*?)```/.exec(text)!;
  const filled = block!
    .replace('LOGIN:PASSWORD', `${login}:${password}`)
    .replace('localhost:2113', `localhost:${world.eventstorePort}`)
    .replace('/path/to/ca.crt', join(world.dataDir, 'eventstore/tls/ca.crt'))
    .replace(/^import .*$/m, '');
  const { outputText } = transpileModule(`export const run = async () => {${filled}};`, {
    compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
  });
  const names = ['exports', 'EventStoreDBClient', 'START', 'workspaceId', 'handle'];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is our own document
  return new Function(...names, outputText) as (
    exports: { run?: () => Promise<void> },
    client: Pick<typeof EventStoreDBClient, 'connectionString'>,
    start: typeof START,
    workspaceId: string,
    handle: (id: string, type: string, data: Record<string, unknown>) => Promise<void>,
  ) => void;
}

test('the sample for subscribers reads every public event as it happens, and those from before', async () => {
  const { deviceId } = await world.locks.named('Front Door');
  const early = await world.api.create({ device_id: deviceId });
  const lines: string[] = [];
  await subscribers(
    ['make', '--name', 'Sample'],
    { DATA_DIR: world.dataDir, EVENTSTORE_PORT: String(world.eventstorePort) },
    (line) => lines.push(line),
    (line) => lines.push(line),
  );
  const said = lines.join('\n');
  const login = /login +(\S+)/.exec(said)![1]!;
  const password = /^ {2}password +(\S+)/m.exec(said)![1]!;

  const handled: { id: string; type: string; code: unknown }[] = [];
  let late: string | undefined;
  const handle = async (id: string, type: string, data: Record<string, unknown>) => {
    handled.push({ id, type, code: data['access_code_id'] });
    if (type !== 'access_code.created') return;
    if (data['access_code_id'] === late) throw new Error('that was all');
    late ??= (await world.api.create({ device_id: deviceId })).access_code_id;
  };
  const clients: EventStoreDBClient[] = [];
  const connecting = {
    connectionString: (address: TemplateStringsArray | string) => {
      const client = EventStoreDBClient.connectionString(String(address));
      clients.push(client);
      return client;
    },
  };
  const made: { run?: () => Promise<void> } = {};
  sample(login, password)(made, connecting, START, world.server.sandbox!.workspaceId, handle);
  await expect(made.run!()).rejects.toThrow('that was all');
  for (const client of clients) await client.dispose();

  const created = handled.filter(({ type }) => type === 'access_code.created').map(({ code }) => code);
  expect(created).toEqual([early.access_code_id, late]);
  for (const { id, type } of handled) {
    const { event } = await world.api.ask<{ event: { event_type: string } }>('/events/get', { event_id: id });
    expect(event.event_type).toBe(type);
  }
}, 60_000);
