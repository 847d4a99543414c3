import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort, MINUTE } from '@latchkey/platform';
import { ServerWorld } from '../testing/server-world';

describe('GET /metrics', () => {
  let world: ServerWorld;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    world = await ServerWorld.start({ METRICS_PORT: String(port) });
  }, 60_000);
  afterAll(() => world.stop());

  const read = async (path = '/metrics') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  /** The value of a series; NaN where there is none. */
  const valueOf = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1),
    );

  it('counts requests by route, commands to locks by outcome and messages to webhooks, and names no code', async () => {
    const receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port: at } = receiver.address() as AddressInfo;
    await world.api.ask('/webhooks/create', { url: `http://127.0.0.1:${at}/hook` });
    const { deviceId: device_id } = await world.locks.add();
    const { access_code_id } = await world.api.create({ device_id, code: '739164' });
    await world.api.advance(MINUTE);
    await world.api.call('/access_codes/get', { access_code_id: 'nothing' });

    const { status, text } = await read();
    receiver.closeAllConnections();
    receiver.close();
    expect(status).toBe(200);
    const requests = 'latchkey_http_request_duration_seconds_count';
    expect(valueOf(text, `${requests}{method="POST",route="/access_codes/create",status="200"}`)).toBe(1);
    expect(valueOf(text, `${requests}{method="POST",route="/access_codes/get",status="400"}`)).toBe(1);
    expect(text).toMatch(
      /^latchkey_lock_command_duration_seconds_count\{command="program",maker="[^"]+",outcome="accepted"\} 1$/m,
    );
    expect(valueOf(text, 'latchkey_webhook_attempts_total{outcome="delivered"}')).toBeGreaterThan(1);
    expect(text).not.toContain('739164');
    expect(text).not.toContain(access_code_id);
  });

  it('tells how far views are, what waits, what was parked, and how the event store answers', async () => {
    await world.api.settle();
    const { text } = await read();
    for (const view of ['agenda', 'codes', 'devices', 'attempts', 'translator', 'feed', 'audit']) {
      expect(valueOf(text, `latchkey_view_is_held_up{view="${view}"}`)).toBe(0);
      expect(valueOf(text, `latchkey_parked_events{view="${view}"}`)).toBe(0);
      expect(valueOf(text, `latchkey_view_lag_positions{view="${view}"}`)).not.toBeNaN();
    }
    for (const work of ['codes', 'webhooks']) {
      expect(valueOf(text, `latchkey_due_work_waiting{work="${work}"}`)).toBe(0);
      expect(valueOf(text, `latchkey_due_work_oldest_seconds{work="${work}"}`)).toBe(0);
    }
    expect(valueOf(text, 'latchkey_event_store_round_trip_seconds')).toBeGreaterThan(0);
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  it.each(['alerts.yaml', 'grafana-dashboard.json'])(
    'has every series that docker/%s asks for',
    async (file) => {
      const { text } = await read();
      const there = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
      const asked = readFileSync(join(__dirname, '../../../../docker', file), 'utf8').match(
        /\b(latchkey|process|nodejs)_[a-z0-9_]+/g,
      )!;
      const series = new Set(asked.map((name) => name.replace(/_seconds_(bucket|count)$/, '_seconds')));
      expect(series.size).toBeGreaterThan(5);
      expect([...series].filter((name) => !there.includes(name))).toEqual([]);
    },
  );

  it('is all that is answered there, and not answered where the API is', async () => {
    expect((await read('/')).status).toBe(404);
    expect((await fetch(`${world.api.url}/metrics`)).status).toBe(404);
  });

  it('is refused where its port is taken, in one line', async () => {
    await expect(ServerWorld.start({ METRICS_PORT: String(port) })).rejects.toThrow(
      `METRICS_PORT ${port} on 127.0.0.1 is taken.`,
    );
  });
});
