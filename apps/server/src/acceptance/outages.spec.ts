import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '@latchkey/embedded-eventstore';
import { MINUTE, TcpProxy, until } from '@latchkey/platform';
import { ServerWorld } from '../testing/server-world';

const ANSWERED_WITHIN = 10_000;
const WELL_WITHIN = 15_000;

interface Asked {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly type: string | undefined;
  readonly codeId: string | undefined;
  readonly ms: number;
}

describe('while the event store is silent', () => {
  let folder: string;
  let proxy: TcpProxy;
  let world: ServerWorld;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-outages-'));
    const node = await startNode({ dataDir: folder, port: 0, access: 'insecure' });
    proxy = await TcpProxy.to(node.port);
    world = await ServerWorld.start({
      EVENTSTORE_URL: node.connectionString.replace(`:${node.port}`, `:${proxy.port}`),
    });
    ends.push(
      () => world.stop(),
      () => proxy.close(),
      () => node.close(),
      () => rmSync(folder, { recursive: true, force: true }),
    );
  }, 60_000);
  afterAll(async () => {
    for (const end of ends) await end();
  });

  const ask = async (path: string, params: object, headers: Record<string, string> = {}): Promise<Asked> => {
    const from = performance.now();
    const answer = await fetch(world.api.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.api.key}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(params),
    });
    const body = (await answer.json()) as {
      error?: { type: string };
      access_code?: { access_code_id: string };
    };
    return {
      status: answer.status,
      retryAfter: answer.headers.get('retry-after'),
      type: body.error?.type,
      codeId: body.access_code?.access_code_id,
      ms: performance.now() - from,
    };
  };
  const ready = async () => {
    const answer = await fetch(`${world.api.url}/health/ready`);
    return { status: answer.status, text: await answer.text() };
  };
  const codes = async () =>
    (await world.api.ask<{ access_codes: { access_code_id: string }[] }>('/access_codes/list')).access_codes;

  it.each(['freeze', 'refuse'] as const)(
    'by %s, writes are 503 in time and readiness says why; well again soon after, each write done once',
    async (how) => {
      const { deviceId: device_id } = await world.locks.named('Front Door');
      const before = (await codes()).length;
      proxy[how]();
      const writes = Array.from({ length: 6 }, (_, n) => ({
        params: { device_id, name: `Guest ${n} ${how}` },
        headers: { 'idempotency-key': `${how}-${n}` },
      }));
      const create = ({ params, headers }: (typeof writes)[number]) =>
        ask('/access_codes/create', params, headers);
      for (const { status, retryAfter, type, ms } of await Promise.all(writes.map(create))) {
        expect({ status, type }).toEqual({ status: 503, type: 'service_unavailable' });
        expect(Number(retryAfter)).toBeGreaterThan(0);
        expect(ms).toBeLessThan(ANSWERED_WITHIN);
      }
      const { status, text } = await ready();
      expect(status).toBe(503);
      expect((JSON.parse(text) as { error: object }).error).toMatchObject({
        'event store': { status: 'down', message: expect.stringMatching(/^.{5,200}$/) },
      });

      proxy.heal();
      const healed = performance.now();
      const made: string[] = [];
      const soon = () => ({ within: WELL_WITHIN - (performance.now() - healed), every: 200 });
      for (const write of writes) {
        const taken = async () => {
          const { status, codeId } = await create(write);
          expect([200, 409, 503]).toContain(status);
          return status === 200 && codeId!;
        };
        made.push(await until(taken, { ...soon(), what: `${write.params.name} is created` }));
      }
      await until(async () => (await ready()).status === 200, { ...soon(), what: 'readiness is 200' });
      expect(new Set(made).size).toBe(writes.length);
      expect((await codes()).length).toBe(before + writes.length);
      await world.api.advance(MINUTE);
      for (const id of made) expect(await world.api.status(id)).toBe('set');
    },
    120_000,
  );
});
