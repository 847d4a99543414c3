import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { MINUTE } from '@latchkey/platform';
import { type Compiled, compile } from '../testing/compiled';
import { ownSettings, ServerProcess } from '../testing/server-process';

const PIN = '482193';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
}

/** Takes traces as a collector does: OTLP over HTTP, in JSON. */
class Collector {
  readonly bodies: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        if (request.url === '/v1/traces') collector.bodies.push(Buffer.concat(pieces).toString('utf8'));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get spans(): Span[] {
    return this.bodies.flatMap((body) =>
      (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
        ({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans),
      ),
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

const attribute = ({ attributes }: Span, key: string) =>
  attributes.find((each) => each.key === key)?.value['stringValue'];

// The exporter loads its transport by an import that Jest can't do: the servers are processes, as they run.
let compiled: Compiled;
const removals: (() => void)[] = [];
beforeAll(() => {
  compiled = compile();
}, 120_000);
afterAll(() => {
  for (const remove of [...removals, () => compiled.remove()]) remove();
});

interface Started {
  readonly server: ServerProcess;
  readonly key: string;
  readonly dataDir: string;
}

async function start(more: NodeJS.ProcessEnv = {}): Promise<Started> {
  const { env, remove } = await ownSettings();
  removals.push(remove);
  const server = await ServerProcess.start(compiled, { ...env, ...more });
  return { server, key: env.SANDBOX_API_KEY!, dataDir: env.DATA_DIR! };
}

/** The metadata of a code's events. */
async function tracesOf({ dataDir }: Started, codeId: string): Promise<(string | undefined)[]> {
  const store = new EventStoreDb(ownerAddress(join(dataDir, 'eventstore')));
  try {
    const found: (string | undefined)[] = [];
    for await (const { metadata } of store.read(`accessCode-${codeId}`)) found.push(metadata.traceparent);
    return found;
  } finally {
    await store.close();
  }
}

test('a request is followed through its events and the look at its code to the answer of the lock', async () => {
  const collector = await Collector.start();
  const started = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const { server, key } = started;
  const lock = await server.locks.add();
  const answer = await fetch(`${server.api.url}/access_codes/create`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    body: JSON.stringify({ device_id: lock.deviceId, code: PIN, name: 'Guest' }),
  });
  const requestId = answer.headers.get('seam-request-id');
  const { access_code } = (await answer.json()) as { access_code: { access_code_id: string } };
  await server.api.advance(MINUTE);
  const traceparents = await tracesOf(started, access_code.access_code_id);
  await server.end('SIGTERM');
  await collector.close();

  const { spans } = collector;
  const request = spans.find((span) => attribute(span, 'latchkey.request_id') === requestId)!;
  expect(request).toMatchObject({
    ...{ name: 'POST /access_codes/create', traceId: '0af7651916cd43dd8448eb211c80319c' },
    parentSpanId: 'b7ad6b7169203331',
  });
  const ofTrace = spans.filter(({ traceId }) => traceId === request.traceId);
  const parentOf = (span: Span) => ofTrace.find(({ spanId }) => spanId === span.parentSpanId);
  const stream = `accessCode-${access_code.access_code_id}`;
  const requested = ofTrace.find(
    (span) =>
      attribute(span, 'latchkey.stream') === stream &&
      String(attribute(span, 'latchkey.event_types')).includes('CodeRequested'),
  )!;
  const command = parentOf(requested)!;
  expect(command.name).toMatch(/^command /);
  expect(parentOf(command)).toBe(request);
  const program = ofTrace.find(({ name }) => name === 'lock program')!;
  expect(attribute(program, 'latchkey.answer')).toBe('accepted');
  const look = parentOf(program)!;
  expect(look.name).toBe('look at a code');
  // The look follows what the request appended, or what an earlier look did.
  const above: string[] = [];
  for (let span: Span | undefined = look; span; span = parentOf(span)) above.push(span.name);
  expect(above.at(-1)).toBe('POST /access_codes/create');
  // The lock's report that it has the code is a request of its own, linked with the step that it answers.
  const confirmed = spans.find(
    (span) =>
      attribute(span, 'latchkey.stream') === stream &&
      String(attribute(span, 'latchkey.event_types')).includes('SetOnDevice'),
  )!;
  const accepted = ofTrace.find(
    (span) =>
      attribute(span, 'latchkey.stream') === stream &&
      String(attribute(span, 'latchkey.event_types')).includes('ProgrammingAccepted'),
  )!;
  expect(confirmed.traceId).not.toBe(request.traceId);
  expect(confirmed.links).toMatchObject([{ traceId: request.traceId, spanId: accepted.spanId }]);
  expect(traceparents[0]).toBe(`00-${request.traceId}-${requested.spanId}-01`);
  expect(collector.bodies.join()).not.toMatch(new RegExp(`${PIN}|${key}`));
}, 60_000);

test('without a place for traces none are kept, and events say nothing of them', async () => {
  const started = await start();
  const { api, locks } = started.server;
  const { access_code_id } = await api.create({ device_id: (await locks.add()).deviceId });
  await api.advance(MINUTE);
  const traceparents = await tracesOf(started, access_code_id);
  await started.server.end('SIGTERM');
  expect(traceparents.length).toBeGreaterThan(1);
  expect(traceparents.every((each) => each === undefined)).toBe(true);
}, 60_000);

test('a collector that is away holds up neither requests nor the stop', async () => {
  const { server } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  const { access_code_id } = await server.api.create({ device_id: (await server.locks.add()).deviceId });
  await server.api.advance(MINUTE);
  expect(await server.api.status(access_code_id)).toBe('set');
  const begun = performance.now();
  expect((await server.end('SIGTERM')).code).toBe(0);
  expect(performance.now() - begun).toBeLessThan(15_000);
}, 60_000);
