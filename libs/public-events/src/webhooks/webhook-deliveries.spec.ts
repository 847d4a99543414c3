import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Database,
  migrate,
  openRecords,
  openVault,
  type Records,
  testDatabase,
  type TestDatabase,
  testEngines,
} from '@latchkey/database';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, type Projected, projected, type Tables } from '@latchkey/event-sourcing';
import {
  CLOCK,
  CONFIG,
  createLogger,
  CryptoRandom,
  DAY,
  FEED_DATABASE,
  IDS,
  iso,
  RANDOM,
  RandomIds,
  RECORDS,
  SandboxClock,
  until,
  type Vault,
} from '@latchkey/platform';
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { FeedProjection } from '../feed/feed-projection';
import { FEED_VIEW } from '../feed/feed-view';
import { publicStreamOf } from '../public-event';
import { AddressRules } from './addresses';
import {
  CreateWebhook,
  DeleteWebhook,
  GetWebhook,
  ListWebhooks,
  ReplayWebhook,
  type SeamWebhook,
  UpdateWebhook,
} from './commands';
import { DeliveryQueue } from './delivery-queue';
import { type DeliveryTables, queueMigrations } from './queue-tables';
import { Sender } from './sender';
import { RETRY_AFTER, WebhookDeliveries } from './webhook-deliveries';
import { WEBHOOK_DELIVERIES, webhookHandlers } from './webhook-handlers';

const NOW = Date.UTC(2026, 5, 1, 12);
const WORKSPACE = '00000000-0000-4000-8000-000000000001';

interface Received {
  body: string;
  headers: IncomingHttpHeaders;
  at: number;
}

/** What Seam's own verifier makes of deliveries: the event, or null for one that it does not take. */
function verified(sent: { secret: string; body: string; headers: IncomingHttpHeaders }[]): unknown {
  const script = join(__dirname, 'testing', 'verify.mjs');
  return JSON.parse(
    execFileSync(process.execPath, [script], { input: JSON.stringify(sent), encoding: 'utf8' }),
  );
}

describe.each(testEngines)('webhooks on %s', (engine) => {
  const random = new CryptoRandom();
  const ids = new RandomIds();
  let dataDir: string;
  let node: RunningNode;
  let store: EventStoreDb;
  let test: TestDatabase;
  let views: TestDatabase;
  let records: Records;
  let vault: Vault;
  let clock: SandboxClock;
  let deliveries: WebhookDeliveries;
  let sender: Sender;
  let folding: readonly Projected<Tables>[];
  let module: TestingModule;
  let commands: CommandBus;
  let queries: QueryBus;
  const servers: Server[] = [];
  const config = { sandbox: true, webhookAllowedHosts: [] };

  beforeEach(async () => {
    config.sandbox = true;
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-webhooks-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    store = new EventStoreDb(node.connectionString);
    test = testDatabase(engine);
    views = testDatabase(engine);
    vault = await openVault({ database: await views.open(), masterKey: Buffer.alloc(32, 1) });
    const database = await test.open<DeliveryTables>();
    records = await openRecords(database, vault);
    await records.workspaces.create({
      workspaceId: WORKSPACE,
      name: 'Test',
      isSandbox: true,
      settings: {},
      createdAt: NOW,
    });
    clock = new SandboxClock({ now: NOW, running: false });
    sender = new Sender({ rules: new AddressRules(true), answerWithinMs: 300 });
    deliveries = new WebhookDeliveries({
      database,
      endpoints: records.webhookEndpoints,
      vault,
      sender,
      clock,
      ids,
      random,
      logger: createLogger('silent'),
    });
    await migrate(database, 'webhooks', queueMigrations);
    const feed: Database<Tables> = await views.open();
    const queue = new DeliveryQueue(clock, () => deliveries.wake());
    folding = [
      await projected({ ...{ store, clock }, projections: [queue], on: database as Database<Tables> }),
      await projected({ ...{ store, clock }, projections: [new FeedProjection()], on: feed }),
    ];
    await deliveries.resume();
    module = await Test.createTestingModule({
      imports: [CqrsModule.forRoot()],
      providers: [
        ...webhookHandlers,
        { provide: RECORDS, useValue: records },
        { provide: CONFIG, useValue: config },
        { provide: CLOCK, useValue: clock },
        { provide: IDS, useValue: ids },
        { provide: RANDOM, useValue: random },
        { provide: FEED_DATABASE, useValue: feed },
        { provide: FEED_VIEW, useValue: { caughtUp: () => Promise.resolve() } },
        { provide: WEBHOOK_DELIVERIES, useValue: deliveries },
      ],
    }).compile();
    await module.init();
    commands = module.get(CommandBus);
    queries = module.get(QueryBus);
  });

  afterEach(async () => {
    await module.close();
    await deliveries.stop();
    for (const each of folding) await each.close();
    await sender.close();
    await store.close();
    await node.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await test.drop();
    await views.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A server that answers each request as it is told to; null: never. */
  async function receiver(answer: (n: number) => number | null = () => 200) {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ body: Buffer.concat(chunks).toString(), headers: request.headers, at: clock.now() });
        const status = answer(received.length);
        if (status === null) return;
        response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('thanks');
      });
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
  }

  async function happens(eventType: string, body: Record<string, unknown> = {}): Promise<string> {
    const id = ids.uuid();
    const at = iso(clock.now());
    await store.append(
      publicStreamOf(WORKSPACE),
      [
        {
          id,
          type: eventType,
          data: {
            event_id: id,
            event_type: eventType,
            workspace_id: WORKSPACE,
            created_at: at,
            occurred_at: at,
            ...body,
          },
          metadata: {
            $correlationId: id,
            $causationId: id,
            actor: { type: 'system' },
            workspaceId: WORKSPACE,
            schemaVersion: 1,
            occurredAt: at,
            ...{ sourcePosition: '7/7' },
          },
        },
      ],
      'any',
    );
    return id;
  }

  async function settled(): Promise<void> {
    for (const each of folding) await each.caughtUp();
    await deliveries.whenIdle();
  }

  /** How many messages wait to be sent. */
  async function waiting(): Promise<number> {
    const database = await test.open<DeliveryTables>();
    return (await database.db.selectFrom('webhook_deliveries').select('delivery_id').execute()).length;
  }

  /** Puts the clock forward from one due instant to the next. */
  async function advance(by: number): Promise<void> {
    const to = clock.now() + by;
    for (;;) {
      await settled();
      const next = deliveries.nextDue;
      if (next === null || next > to) break;
      if (next > clock.now()) clock.set(next);
      deliveries.wake();
    }
    clock.set(to);
    await settled();
  }

  const create = (url: string, eventTypes?: string[]): Promise<SeamWebhook> =>
    commands.execute(
      new CreateWebhook(
        { workspaceId: WORKSPACE, requestId: randomUUID() },
        { url, ...(eventTypes ? { eventTypes } : {}) },
      ),
    );
  const idsIn = (received: Received[]) =>
    received.map(({ body }) => (JSON.parse(body) as { event_id: string }).event_id);

  it("sends each event once, in order, signed so that Seam's own verifier takes it", async () => {
    const { received, url } = await receiver();
    const webhook = await create(url);
    const sent = [
      await happens('device.connected'),
      await happens('device.disconnected'),
      await happens('lock.unlocked'),
    ];
    await settled();

    expect(idsIn(received)).toEqual(sent);
    const { secret } = webhook;
    expect(verified(received.map(({ body, headers }) => ({ secret, body, headers })))).toEqual(
      received.map(({ body }) => JSON.parse(body)),
    );
    const { body, headers } = received[0]!;
    expect(verified([{ secret, body: body.replace('device.connected', 'device.removed'), headers }])).toEqual(
      [null],
    );
  });

  it('sends only what was asked for, and nothing from before', async () => {
    const before = await happens('device.connected');
    await settled();
    clock.set(NOW + 1000);
    const [all, some] = [await receiver(), await receiver()];
    await create(all.url);
    await create(some.url, ['access_code.set_on_device', 'device.*']);
    const wanted = [await happens('access_code.set_on_device'), await happens('device.removed')];
    const other = await happens('access_code.created');
    await settled();

    expect(idsIn(all.received)).toEqual([...wanted, other]);
    expect(idsIn(some.received)).toEqual(wanted);
    expect(idsIn(all.received)).not.toContain(before);
  });

  it('fills PINs in as it delivers, and keeps them out of its tables', async () => {
    const { received, url } = await receiver();
    await create(url);
    const pin = await vault.seal('code-1', '482193');
    await happens('access_code.set_on_device', { code: null, sealed_pins: [{ path: 'code', pin }] });
    await settled();

    expect(JSON.parse(received[0]!.body)).toMatchObject({ code: '482193' });
    expect(received[0]!.body).not.toContain('sealed_pins');
    if (engine !== 'sqlite') return;
    const files = readdirSync(test.folder).map((name) => readFileSync(join(test.folder, name), 'latin1'));
    expect(files.join()).not.toContain('482193');
  });

  it('tries again after the published pauses, with the same id, until it gets through', async () => {
    const { received, url } = await receiver((n) => (n < 8 ? 503 : 204));
    await create(url);
    await happens('device.connected');
    await advance(2 * DAY);

    const pauses = received.map(({ at }, n) => (n === 0 ? 0 : at - received[n - 1]!.at));
    expect(pauses).toEqual([...RETRY_AFTER]);
    expect(new Set(received.map(({ headers }) => headers['svix-id'])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  });

  it('gives a message up after the last attempt, and goes on with others', async () => {
    const { received, url } = await receiver((n) => (n <= 8 ? 500 : 200));
    await create(url);
    await happens('device.connected');
    await advance(2 * DAY);
    expect(received).toHaveLength(8);

    const next = await happens('device.disconnected');
    await settled();
    expect(idsIn(received.slice(8))).toEqual([next]);
    expect(deliveries.nextDue).toBeNull();
  });

  it('tries what waits when the clock was set, whatever it had read before', async () => {
    const { received, url } = await receiver((n) => (n < 3 ? 503 : 204));
    await create(url);
    await happens('device.connected');
    await advance(10_000);
    expect(received).toHaveLength(2);
    const before = clock.now();
    await deliveries.clockWasPut();
    await settled();
    expect(received.slice(2).map(({ at }) => at)).toEqual([before]);
    expect(deliveries.nextDue).toBeNull();
  });

  it('takes no answer, a refused connection and a redirect for failures', async () => {
    const [silent, moved] = [await receiver(() => null), await receiver(() => 302)];
    await create(silent.url);
    await create(moved.url);
    await create('http://127.0.0.1:1/nobody');
    await happens('device.connected');
    await settled();

    expect(deliveries.nextDue).toBe(NOW + 5000);
    expect([silent.received.length, moved.received.length]).toEqual([1, 1]);
  });

  it('lets an endpoint that does not answer delay nobody else', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const stuck = createServer((_request, response) => void released.then(() => response.end()));
    servers.push(stuck);
    stuck.listen(0, '127.0.0.1');
    await once(stuck, 'listening');
    const healthy = await receiver();
    await create(`http://127.0.0.1:${(stuck.address() as AddressInfo).port}/`);
    await create(healthy.url);
    const sent = [];
    for (let n = 0; n < 20; n++) sent.push(await happens('device.connected'));
    await until(() => healthy.received.length >= 20);

    expect(idsIn(healthy.received)).toEqual(sent);
    expect(await waiting()).toBeGreaterThan(0);
    release();
    await settled();
  });

  it('disables an endpoint after five days of failure, and uses it again once it is updated', async () => {
    let status = 500;
    const { received, url } = await receiver(() => status);
    const webhook = await create(url);
    for (let day = 0; day < 6; day++) {
      await happens('device.connected');
      await advance(DAY);
    }
    const tried = received.length;
    await happens('device.connected');
    await advance(DAY);
    expect(received).toHaveLength(tried);
    expect((await records.webhookEndpoints.find(webhook.webhook_id))!.disabledAt).toBeGreaterThanOrEqual(
      NOW + 5 * DAY,
    );

    status = 200;
    await commands.execute(new UpdateWebhook(WORKSPACE, webhook.webhook_id, { eventTypes: ['*'] }));
    const next = await happens('device.connected');
    await settled();
    expect(idsIn(received.slice(tried))).toEqual([next]);
  });

  it('sends a time range again when asked to', async () => {
    const { received, url } = await receiver();
    const webhook = await create(url, ['device.*']);
    const first = await happens('device.connected');
    clock.set(NOW + 1000);
    const second = await happens('device.connected');
    await happens('access_code.created');
    clock.set(NOW + 2000);
    await happens('device.connected');
    await settled();
    received.length = 0;

    const range = { since: NOW, until: NOW + 2000 };
    const answer = await commands.execute(new ReplayWebhook(WORKSPACE, webhook.webhook_id, range));
    await settled();
    expect(answer).toEqual({ queued: 2 });
    expect(idsIn(received)).toEqual([first, second]);
  });

  it('sends what is new before what is sent again, from a place of the stream on, under the ids that they had', async () => {
    let status = 200;
    const { received, url } = await receiver(() => status);
    const webhook = await create(url);
    const before = [];
    for (let n = 0; n < 4; n++) before.push(await happens('device.connected'));
    await settled();
    const idsBefore = received.map(({ headers }) => headers['svix-id']);
    received.length = 0;
    status = 500;
    const answer = await commands.execute(new ReplayWebhook(WORKSPACE, webhook.webhook_id, { place: 1 }));
    await settled();
    const live = await happens('device.disconnected');
    await settled();
    // All of them wait for another attempt, which falls due at once.
    const tried = received.length;
    status = 200;
    clock.set(NOW + DAY);
    await settled();
    expect(answer).toEqual({ queued: 3 });
    expect(idsIn(received.slice(tried))).toEqual([live, ...before.slice(1)]);
    const idsAgain = received.slice(tried + 1).map(({ headers }) => headers['svix-id']);
    expect(idsAgain).toEqual(idsBefore.slice(1));
  });

  it('sends a message again that was asked for again while it was under way', async () => {
    const waiting: (() => void)[] = [];
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => (bodies.length > 1 ? response.end() : waiting.push(() => response.end())));
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const webhook = await create(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const event = await happens('device.connected');
    await until(() => waiting.length > 0);
    await commands.execute(new ReplayWebhook(WORKSPACE, webhook.webhook_id, { since: NOW }));
    waiting[0]!();
    await settled();

    expect(bodies.map((body) => (JSON.parse(body) as { event_id: string }).event_id)).toEqual([event, event]);
    expect(deliveries.nextDue).toBeNull();
  });

  it('forgets what waits and is not wanted any more when a webhook is given other types', async () => {
    let status = 500;
    const { received, url } = await receiver(() => status);
    const webhook = await create(url);
    await happens('access_code.created');
    const wanted = await happens('device.connected');
    await settled();
    received.length = 0;
    status = 200;
    await commands.execute(new UpdateWebhook(WORKSPACE, webhook.webhook_id, { eventTypes: ['device.*'] }));
    await advance(DAY);

    expect(idsIn(received)).toEqual([wanted]);
  });

  it('keeps one copy of a message, however many endpoints it waits for, and none when it is sent', async () => {
    let status = 500;
    const { url } = await receiver(() => status);
    for (let n = 0; n < 3; n++) await create(url);
    await happens('device.connected');
    await settled();
    const database = await test.open<DeliveryTables>();
    const messages = () => database.db.selectFrom('webhook_messages').select('event_id').execute();
    expect([(await messages()).length, await waiting()]).toEqual([1, 3]);

    status = 200;
    await advance(DAY);
    expect([(await messages()).length, await waiting()]).toEqual([0, 0]);
  });

  it('lets silent endpoints at one origin not delay a healthy one there', async () => {
    let answered = 0;
    const server = createServer((request, response) => {
      if (request.url === '/silent') return;
      answered++;
      response.end();
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (let n = 0; n < 49; n++) await create(`${origin}/silent`);
    await create(`${origin}/healthy`);
    await happens('device.connected');
    await until(() => answered > 0);
    expect(deliveries.state.underWay).toBeGreaterThanOrEqual(49);
    await settled();
  });

  it('has fifty endpoints a workspace at most', async () => {
    const { url } = await receiver();
    await Promise.all(Array.from({ length: 50 }, () => create(url)));
    await expect(create(url)).rejects.toMatchObject({ reason: { kind: 'untimely', why: 'too-many' } });
    expect(await queries.execute(new ListWebhooks(WORKSPACE))).toHaveLength(50);
  });

  it('goes on after a restart with what was not delivered', async () => {
    let status = 500;
    const { received, url } = await receiver(() => status);
    await create(url);
    await happens('device.connected');
    await settled();
    await deliveries.stop();
    status = 200;
    clock.set(NOW + 5000);
    deliveries.start();
    await deliveries.whenIdle();

    expect(received).toHaveLength(2);
    expect(deliveries.nextDue).toBeNull();
  });

  it("shows a workspace its own webhooks and no other's, and ends them", async () => {
    const { received, url } = await receiver();
    const webhook = await create(url);
    const other = '00000000-0000-4000-8000-000000000002';

    expect(await queries.execute(new GetWebhook(WORKSPACE, webhook.webhook_id))).toEqual(webhook);
    expect(webhook).toMatchObject({
      url,
      event_types: ['*'],
      secret: expect.stringMatching(/^whsec_.{44}$/),
    });
    expect(await queries.execute(new ListWebhooks(WORKSPACE))).toEqual([webhook]);
    expect(await queries.execute(new ListWebhooks(other))).toEqual([]);
    for (const attempt of [
      () => queries.execute(new GetWebhook(other, webhook.webhook_id)),
      () => commands.execute(new UpdateWebhook(other, webhook.webhook_id, { eventTypes: [] })),
      () => commands.execute(new DeleteWebhook(other, webhook.webhook_id)),
      () => commands.execute(new ReplayWebhook(other, webhook.webhook_id, { since: 0 })),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ reason: { kind: 'absent', what: 'webhook' } });
    }

    await commands.execute(new DeleteWebhook(WORKSPACE, webhook.webhook_id));
    await happens('device.connected');
    await settled();
    expect(received).toEqual([]);
  });

  it.each([
    'http://127.0.0.1/',
    'http://10.1.2.3/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[fd00::1]/',
    'http://0x7f.1/',
    'http://localhost:8080/',
    'http://example.com/',
    'https://example.com:25/',
    'https://no-such-name.invalid/',
    'http://metadata.google.internal/',
    'https://user:secret@example.com/',
    'ftp://example.com/',
    'nonsense',
  ])('refuses %s outside the sandbox', async (url) => {
    config.sandbox = false;

    await expect(create(url)).rejects.toMatchObject({
      reason: { kind: 'invalid', wrong: { url: expect.any(String) } },
    });
  });
});
