import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { AGENDA } from '@latchkey/access-codes';
import { startNode } from '@latchkey/embedded-eventstore';
import { freePort, HOUR, until } from '@latchkey/platform';
import { ServerWorld } from '../../testing/server-world';
import { runLatchkey } from '../testing/run-latchkey';

interface Finding {
  readonly check: string;
  readonly standing: string;
  readonly found: string;
  readonly advice: string | null;
}

async function findings(env: NodeJS.ProcessEnv) {
  const { code, out, complaint } = await runLatchkey(env, 'doctor', '--json');
  const all = out.split('\n').map((line) => JSON.parse(line) as Finding);
  const of = (name: string) => all.find(({ check }) => check === name);
  return { code, complaint, all, of };
}

describe('doctor', () => {
  let world: ServerWorld;
  let receiver: Server;
  let env: NodeJS.ProcessEnv;
  let answers = 200;
  let ended = false;

  beforeAll(async () => {
    receiver = createServer((request, answer) => {
      request.resume();
      answer.writeHead(answers).end();
    });
    await new Promise<void>((listens) => receiver.listen(0, '127.0.0.1', listens));
    const port = String(await freePort());
    world = await ServerWorld.start({ PORT: port, WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
    env = { DATA_DIR: world.dataDir, PORT: port };
    await world.api.create({ device_id: (await world.locks.named('Front Door')).deviceId, code: '582941' });
    await world.api.advance(HOUR);
  }, 60_000);
  afterAll(async () => {
    if (!ended) await world.shutDown();
    rmSync(world.dataDir, { recursive: true });
    receiver.close();
  });

  test('an event store that lacks what the views were folded from is named', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-other-'));
    const other = await startNode({ dataDir, port: 0, access: 'insecure', report: () => undefined });
    try {
      const { of, code } = await findings({ ...env, EVENTSTORE_URL: other.connectionString });
      expect(of('event store')).toMatchObject({ standing: 'ok' });
      expect(of('views')).toMatchObject({
        standing: 'bad',
        found: expect.stringMatching(/^the event store lacks what they were folded from: devices, codes,/),
        advice: expect.stringMatching(/EVENTSTORE_URL/),
      });
      expect(code).toBe(1);
    } finally {
      await other.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  test('a server that is well is found to be', async () => {
    const { code, complaint, all, of } = await findings(env);
    expect(all.filter(({ standing }) => standing !== 'ok' && standing !== 'warn')).toEqual([]);
    expect([code, complaint]).toEqual([0, '']);
    expect(all.map(({ check }) => check)).toEqual([
      ...[
        'settings',
        'data folder',
        'disk',
        'clock',
        'stores',
        'event store',
        'event store clock',
        'database',
      ],
      ...['views', 'parked events', 'due work', 'server', 'lock systems', 'accounts', 'webhooks'],
    ]);
    expect(of('views')).toMatchObject({ standing: 'ok', found: 'they have every event' });
    expect(of('server')).toMatchObject({ standing: 'ok', found: expect.stringMatching(/^ready at http/) });
    expect(of('event store')).toMatchObject({ found: expect.stringMatching(/speaks EventStoreDB 23\./) });
    const { out } = await runLatchkey(env, 'doctor');
    expect(out).toMatch(/^ok {4}settings +Latchkey \d/);
    expect(out).not.toContain('582941');
    expect(out).not.toContain('\u001b');
  });

  test('webhooks that fail, and accounts that are lost, are told with what to do', async () => {
    answers = 503;
    const { port } = receiver.address() as AddressInfo;
    await world.api.ask('/webhooks/create', { url: `http://127.0.0.1:${port}/` });
    await world.api.create({ device_id: (await world.locks.named('Front Door')).deviceId });
    const [account] = (
      await world.api.ask<{ connected_accounts: { connected_account_id: string }[] }>(
        '/connected_accounts/list',
      )
    ).connected_accounts;
    await world.api.ask('/connected_accounts/simulate/disconnect', {
      connected_account_id: account!.connected_account_id,
    });
    const webhooks = await until(
      async () => {
        const found = (await findings(env)).of('webhooks')!;
        return found.standing === 'warn' && found;
      },
      { within: 30_000, every: 300 },
    );
    expect(webhooks).toMatchObject({
      found: expect.stringMatching(/fails, \d+ wait$/),
      advice: expect.stringMatching(/webhooks/),
    });
    expect((await findings(env)).of('accounts')).toMatchObject({
      standing: 'warn',
      found: expect.stringMatching(/account_disconnected/),
    });
  }, 60_000);

  test('an open folder is bad, and so is the exit code', async () => {
    chmodSync(world.dataDir, 0o755);
    const { code, complaint, of } = await findings(env);
    chmodSync(world.dataDir, 0o700);
    expect(of('data folder')).toMatchObject({ standing: 'bad', advice: `chmod go= ${world.dataDir}` });
    expect([code, complaint]).toEqual([1, 'One thing is bad.']);
  });

  test('without a server it says what is known without one', async () => {
    await world.shutDown();
    ended = true;
    const { code, of } = await findings(env);
    expect(of('stores')).toMatchObject({ standing: 'ok', found: 'no server runs on them' });
    expect(of('server')).toMatchObject({ standing: 'warn', advice: expect.stringMatching(/npm start/) });
    expect(code).toBe(0);
    // A view that was taken away.
    const views = new Libsql(join(world.dataDir, 'views.db'));
    views.exec(`drop table ${AGENDA}; delete from built_projections where projection = 'agenda'`);
    views.close();
    expect((await findings(env)).of('views')).toMatchObject({
      standing: 'warn',
      found: 'not built yet: agenda',
    });
  });
});

describe('doctor, where the worst has happened', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('wrong settings end it with what is wrong', async () => {
    const { code, all } = await findings({ DATA_DIR: folder, PORT: 'x' });
    expect(code).toBe(1);
    expect(all).toEqual([
      expect.objectContaining({ check: 'settings', standing: 'bad', found: expect.stringMatching(/PORT/) }),
    ]);
  });

  test('a data folder that is not there is not made', async () => {
    const { code, of } = await findings({ DATA_DIR: join(folder, 'none') });
    expect(code).toBe(1);
    expect(of('data folder')).toMatchObject({
      standing: 'bad',
      found: `there is no ${join(folder, 'none')}`,
    });
  });

  test('a clock that was put back, a store that does not answer, and locks that can not be reached are told', async () => {
    writeFileSync(join(folder, 'wall-clock.json'), JSON.stringify({ latest: Date.now() + 2 * HOUR }));
    const silent = await freePort();
    const makers = join(folder, 'makers.json');
    const acme = {
      name: 'acme',
      display_name: 'Acme Locks',
      base_url: `http://127.0.0.1:${silent}`,
      client_id: 'x',
    };
    writeFileSync(makers, JSON.stringify([{ ...acme, client_secret_env: 'ACME_SECRET' }]));
    const env = { DATA_DIR: folder, SANDBOX: 'false', LOCK_MAKERS_FILE: makers, ACME_SECRET: 'theirs' };
    const here = await findings({ ...env, PORT: String(silent) });
    expect(here.of('clock')).toMatchObject({
      standing: 'bad',
      found: expect.stringMatching(/^it stands 2 h before/),
    });
    expect(here.of('lock systems')).toMatchObject({ standing: 'bad', found: "can't be reached: Acme Locks" });
    expect(here.code).toBe(1);
    const away = await findings({ ...env, EVENTSTORE_URL: `esdb://127.0.0.1:${silent}?tls=false` });
    expect(away.of('event store')).toMatchObject({
      standing: 'bad',
      found: expect.stringMatching(/event store/i),
    });
    expect(JSON.stringify([here.all, away.all])).not.toMatch(/theirs/);
  }, 60_000);
});
