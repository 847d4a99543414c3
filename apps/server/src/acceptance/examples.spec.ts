import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, MINUTE, until } from '@latchkey/platform';
import { EventListener } from '../testing/event-source';
import { useServer } from '../testing/use-server';

const ROOT = join(__dirname, '../../../..');

interface SeenEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly access_code_id?: string;
}

const world = useServer();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-examples-'));
const running: Example[] = [];
world.beforeStop(async () => {
  for (const example of running) await example.end();
  rmSync(folder, { recursive: true, force: true });
});

/** An example, run as its README says. */
class Example {
  readonly lines: string[] = [];
  private said = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  constructor(program: string, env: Record<string, string>) {
    this.child = spawn(process.execPath, ['-r', 'esbuild-register', `examples/${program}`], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit');
    let text = '';
    this.child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop()!;
      this.lines.push(...lines);
    });
    this.child.stderr!.setEncoding('utf8').on('data', (piece: string) => (this.said += piece));
    running.push(this);
  }

  get told(): SeenEvent[] {
    return this.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as SeenEvent);
  }

  async until(holds: (example: this) => boolean): Promise<void> {
    const hasEnded = () => this.child.exitCode !== null;
    await until(() => holds(this) || hasEnded(), { within: 20_000 }).catch(() => undefined);
    if (!holds(this)) throw new Error(`it wrote only ${this.lines.join('\n')}\n${this.said}`);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.exited;
  }
}

async function aSetCode(): Promise<string> {
  const lock = await world.locks.add();
  const { access_code_id } = await world.api.create({ device_id: lock.deviceId, code: '482193' });
  await world.api.advance(MINUTE);
  return access_code_id;
}

const isSet = (code: string) => (example: Example) =>
  example.told.some(
    (event) => event.event_type === 'access_code.set_on_device' && event.access_code_id === code,
  );

/** Where subscribers connect, with a login of its own for a subscription. */
async function eventStoreFor(name: string): Promise<string> {
  const { subscriber_login } = await world.api.ask<{
    subscriber_login: { address: string; password: string };
  }>('/subscriptions/create', { name, start_from: 'beginning', make_login: true });
  const authority = join(world.dataDir, 'eventstore/tls/ca.crt');
  return subscriber_login.address
    .replace('PASSWORD', subscriber_login.password)
    .replace('tlsCAFile=ca.crt', `tlsCAFile=${authority}`);
}

test('the consumer handles each event once, though it is killed, and parks what it can not deal with', async () => {
  const code = await aSetCode();
  const env = {
    EVENT_STORE: await eventStoreFor('consumer'),
    WORKSPACE_ID: world.server.sandbox!.workspaceId,
    SUBSCRIPTION: 'consumer',
    HANDLED: join(folder, 'handled.txt'),
    REFUSE: 'access_code.created',
  };
  const first = new Example('event-store-consumer/consumer.ts', env);
  await first.until(isSet(code));
  await first.end('SIGKILL');
  const second = new Example('event-store-consumer/consumer.ts', env);
  const other = await aSetCode();
  await second.until(isSet(other));

  const { events } = await world.api.ask<{ events: SeenEvent[] }>('/events/list', {
    since: '2000-01-01T00:00:00Z',
  });
  const wanted = events.filter(({ event_type }) => event_type !== 'access_code.created');
  // Killed right after it has told of an event, it tells of it again: what counts is what it has written down.
  const handled = () => readFileSync(env.HANDLED, 'utf8').trim().split('\n');
  await until(() => handled().length >= wanted.length);
  expect(handled().sort()).toEqual(wanted.map(({ event_id }) => event_id).sort());
  const told = [...first.told, ...second.told].map(({ event_id }) => event_id);
  expect(new Set(told)).toEqual(new Set(handled()));
  const { parked_events } = await world.api.ask<{ parked_events: { reason: string; event: SeenEvent }[] }>(
    '/subscriptions/list_parked',
    { name: 'consumer' },
  );
  expect(new Set(parked_events.map(({ event }) => event.access_code_id))).toEqual(new Set([code, other]));
  expect(parked_events[0]!.reason).toContain('nothing is to be done about access_code.created');
});

test('the consumer with the newer client goes on after its checkpoint', async () => {
  await aSetCode();
  const address = (await eventStoreFor('newer'))
    .replace('esdb:', 'kurrentdb:')
    .replace('tlsCAFile', 'tlsCaFile');
  const env = {
    EVENT_STORE: address,
    WORKSPACE_ID: world.server.sandbox!.workspaceId,
    CHECKPOINT: join(folder, 'checkpoint.txt'),
  };
  const all = async () =>
    (
      await world.api.ask<{ events: SeenEvent[] }>('/events/list', { since: '2000-01-01T00:00:00Z' })
    ).events.map(({ event_id }) => event_id);
  const before = await all();
  const first = new Example('kurrentdb-consumer/consumer.ts', env);
  await first.until(({ told }) => told.length >= before.length);
  await first.end();
  await aSetCode();
  const after = await all();
  const second = new Example('kurrentdb-consumer/consumer.ts', env);
  await second.until(({ told }) => first.told.length + told.length >= after.length);
  const ids = [...first.told, ...second.told].map(({ event_id }) => event_id);
  expect(ids).toHaveLength(after.length);
  expect(new Set(ids)).toEqual(new Set(after));
});

test('the browser is told what happens by way of its own server, and goes on where it was', async () => {
  const port = await freePort();
  const example = new Example('browser-events/server.ts', {
    ...{ LATCHKEY: world.server.url, API_KEY: world.api.key, PORT: String(port) },
  });
  await example.until(({ lines }) => lines.length > 0);
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(page).toContain("new EventSource('/events')");
  const listener = await EventListener.open(`http://127.0.0.1:${port}/events`, {});
  const code = await aSetCode();
  const isOf = (each: { data: Record<string, unknown> }) => each.data['access_code_id'] === code;
  const first = await listener.first(isOf);
  await listener.close();
  const again = await EventListener.open(`http://127.0.0.1:${port}/events`, { 'last-event-id': first.id });
  const next = await again.first(isOf);
  expect(next.id).not.toBe(first.id);
  await again.close();
});

test('the receiver takes what is signed, and nothing else', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { webhook } = await world.api.ask<{ webhook: { secret: string } }>('/webhooks/create', { url });
  const example = new Example('webhook-receiver/receiver.ts', {
    ...{ WEBHOOK_SECRET: webhook.secret, PORT: String(port) },
  });
  await example.until(({ lines }) => lines.length > 0);
  const code = await aSetCode();
  await example.until(({ told }) =>
    told.some(({ event_type }) => event_type === 'access_code.set_on_device'),
  );
  expect(code).toBeDefined();
  const before = example.told.length;
  const forged = await fetch(url, {
    method: 'POST',
    headers: { 'svix-id': 'msg_1', 'svix-timestamp': '1', 'svix-signature': 'v1,none' },
    body: JSON.stringify({ event_id: 'x', event_type: 'device.removed' }),
  });
  expect([forged.status, example.told.length]).toEqual([400, before]);
});
