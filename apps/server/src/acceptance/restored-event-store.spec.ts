import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, type Logger, MINUTE, StartupError } from '@latchkey/platform';
import { RestartableServer } from '../testing/restartable-server';

const server = new RestartableServer();
let consumer: Server;
const received: { event_id: string; event_type: string; access_code_id?: string }[] = [];

beforeAll(async () => {
  consumer = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof received)[number]);
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => consumer.listen(0, '127.0.0.1', resolve));
  await server.start();
}, 60_000);
afterAll(async () => {
  await server.discard();
  consumer.close();
});

/** A logger, and its warnings. */
function listening(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const logger = createLogger('silent');
  logger.warn = (_about: unknown, line?: string) => void (line && warnings.push(line));
  return { logger, warnings };
}

const createWithKey = async (device_id: string, key: string) => {
  const answer = await fetch(`${server.api.url}/access_codes/create`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${server.api.key}`, 'content-type': 'application/json' },
      'idempotency-key': key,
    },
    body: JSON.stringify({ device_id }),
  });
  const body = (await answer.json()) as { access_code: { access_code_id: string } };
  return { id: body.access_code.access_code_id, replayed: answer.headers.get('idempotent-replayed') };
};

it('says that the event store is older, loses no webhook after it, and replays no answer that is gone', async () => {
  const { api, locks } = server;
  const lock = await locks.add();
  const device_id = lock.deviceId;
  const { port } = consumer.address() as AddressInfo;
  await api.ask('/webhooks/create', {
    url: `http://127.0.0.1:${port}/`,
    event_types: ['access_code.created'],
  });
  const kept = await api.create({ device_id, code: '4821' });
  const deleted = await api.create({ device_id, code: '4822' });
  await api.advance(10 * MINUTE);
  await server.stop();
  const putBack = server.backUp('eventstore');

  await server.start();
  await server.api.delete(deleted.access_code_id);
  const key = randomUUID();
  const lost = await createWithKey(device_id, key);
  for (let n = 0; n < 5; n++) await server.api.create({ device_id });
  await server.api.advance(MINUTE);
  await server.stop();
  putBack();
  const before = received.length;

  const { logger, warnings } = listening();
  await server.start(logger);
  const said = warnings.filter((line) => /event store was restored from an older backup/.test(line));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/agenda.*webhook-deliveries/);
  expect(await server.api.status(lost.id)).toBe(404);
  expect(await server.api.status(kept.access_code_id)).toBe('set');
  const again = await createWithKey(device_id, key);
  expect(again.replayed).toBeNull();
  expect(again.id).not.toBe(lost.id);
  const created = [again.id];
  for (let n = 0; n < 3; n++) created.push((await server.api.create({ device_id })).access_code_id);
  await server.api.advance(MINUTE);
  expect(received.slice(before).map(({ access_code_id }) => access_code_id)).toEqual(created);
  await server.stop();

  const next = listening();
  await server.start(next.logger);
  expect(next.warnings.filter((line) => /restored/.test(line))).toEqual([]);
}, 120_000);

it('does not start on an event store that is empty though there was one, and starts when it is back', async () => {
  const code = await server.api.create({ device_id: (await server.locks.add()).deviceId, code: '7788' });
  await server.api.advance(MINUTE);
  await server.stop();
  const putBack = server.backUp('eventstore');
  server.remove('eventstore');
  const refused = server.start();
  await expect(refused).rejects.toThrow(StartupError);
  await expect(refused).rejects.toThrow(/event store is empty.*agenda.*Put its backup back/);
  const before = received.length;
  putBack();
  await server.start();
  expect(await server.api.status(code.access_code_id)).toBe('set');
  await server.api.advance(MINUTE);
  expect(received.slice(before)).toEqual([]);
}, 60_000);
