import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudClient, TEN, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

interface Answered {
  lock: { lock_id: string };
  locks: { lock_id: string; codes: unknown[] }[];
  [field: string]: unknown;
}

describe('a restart', () => {
  let dataDir: string;
  let subscriber: Subscriber;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'lock-cloud-'));
    subscriber = await Subscriber.start();
  });

  afterEach(async () => {
    await subscriber.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('goes on with locks, codes, pending operations, tokens, webhooks, faults and the clock', async () => {
    const first = await CloudClient.start({ dataDir });
    const lock = await first.addLock({ faults: { latency_ms: 5000 } });
    await first.create(lock, { code: '1111' });
    await first.advance(5000);
    await first.subscribe(subscriber.url);
    const tokens = await first.authorize();
    await first.create(lock, { code: '2222' });
    await first.faults(lock, { lose_answers: 3 });
    await first.close();

    const second = await CloudClient.start({ dataDir, clock: { now: TEN + 1e9, running: true } });
    second.useToken(tokens.body.access_token);
    expect((await second.call('GET', '/simulator/clock')).body).toMatchObject({
      now: at(5000),
      running: false,
      next_due_at: at(10_000),
    });
    expect((await second.faults(lock, {})).body.faults).toMatchObject({ latency_ms: 5000, lose_answers: 3 });
    expect(await second.opens(lock, '1111')).toBe(true);
    await second.advance(10_000);
    expect(await second.opens(lock, '2222')).toBe(true);
    expect(subscriber.types).toEqual(['access_code.used', 'access_code.created']);
    const refreshed = await second.requestToken({
      grant_type: 'refresh_token',
      refresh_token: tokens.body.refresh_token,
    });
    expect(refreshed.status).toBe(200);
    await second.close();
  });

  it('delivers what could not be delivered before', async () => {
    await subscriber.close();
    const first = await CloudClient.start({ dataDir });
    const lock = await first.addLock();
    await first.subscribe(subscriber.url);
    await first.create(lock, { code: '1111' });
    await first.advance(0);
    await first.close();
    await subscriber.listen();
    const second = await CloudClient.start({ dataDir });
    await second.advance(60_000);
    expect(subscriber.types).toEqual(['access_code.created']);
    await second.close();
  });

  it('refuses a folder that another cloud has', async () => {
    const first = await CloudClient.start({ dataDir });
    await expect(CloudClient.start({ dataDir })).rejects.toThrow('in use by another process');
    await first.close();
  });

  it('refuses a port that is taken, and leaves the folder free', async () => {
    const first = await CloudClient.start();
    const port = Number(new URL(first.url).port);
    await expect(CloudClient.start({ dataDir, port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken.`);
    await first.close();
    const second = await CloudClient.start({ dataDir });
    expect((await second.call('GET', '/locks')).body.locks).toEqual([]);
    await second.close();
  });

  describe('of the process', () => {
    const running: ChildProcess[] = [];

    afterEach(() => {
      for (const child of running.splice(0)) child.kill('SIGKILL');
    });

    const start = async (settings: Record<string, string> = {}) => {
      const child = fork(join(__dirname, 'main.ts'), {
        execArgv: ['--require', join(__dirname, '../../../scripts/typescript.cjs')],
        env: { ...process.env, LOCK_CLOUD_DATA: dataDir, LOCK_CLOUD_PORT: '0', ...settings },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      running.push(child);
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      let errors = '';
      child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      const port = await new Promise<number | null>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) =>
          resolve(Number(/^PORT (\d+)$/m.exec(chunk.toString())?.[1])),
        );
        child.once('exit', () => resolve(null));
      });
      return { child, port, ended, errors: () => errors };
    };
    const call = async (port: number | null, method: string, path: string, body?: unknown, token = '') => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return (await (await fetch(`http://127.0.0.1:${port}${path}`, request)).json()) as Answered;
    };

    it('loses nothing acknowledged when killed, and ends with SIGTERM or its parent but not with Ctrl-C', async () => {
      const first = await start();
      await call(first.port, 'POST', '/simulator/clock', { running: false });
      const { lock } = await call(first.port, 'POST', '/simulator/locks', { name: 'Door' });
      const { lock_id } = lock;
      const path = `/simulator/locks/${lock_id}`;
      for (let i = 0; i < 20; i += 1) {
        await call(first.port, 'POST', `${path}/codes`, { name: 'Guest', code: String(1000 + i) });
      }
      first.child.kill('SIGKILL');
      await first.ended;

      const second = await start();
      const { locks } = await call(second.port, 'GET', '/simulator/locks');
      const door = locks.find((one) => one.lock_id === lock_id);
      expect(door?.codes).toHaveLength(20);
      expect(locks).toHaveLength(5);
      second.child.kill('SIGINT');
      expect(await call(second.port, 'POST', `${path}/keypad`, { code: '1019' })).toMatchObject({
        opens: true,
      });
      second.child.kill('SIGTERM');
      expect(await second.ended).toBe(0);

      const third = await start();
      third.child.disconnect();
      expect(await third.ended).toBe(0);
    });

    it('says in one line what is wrong, and fails', async () => {
      const wrong = await start({ LOCK_CLOUD_PORT: 'abc' });
      expect(await wrong.ended).toBe(1);
      expect(wrong.errors()).toMatch(/^lock-cloud: The setting LOCK_CLOUD_PORT .*\n$/);
      const impossible = await start({ LOCK_CLOUD_DATA: '/proc/nowhere/lock-cloud' });
      expect(await impossible.ended).toBe(1);
      expect(impossible.errors()).toMatch(
        /^lock-cloud: The data folder \/proc\/nowhere\/lock-cloud cannot be used.*\n$/,
      );
    });
  });
});
