import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { spawnSync } from 'node:child_process';
import { HOUR, until } from '@latchkey/platform';
import { compile } from '../testing/compiled';
import { ServerWorld } from '../testing/server-world';
import { runLatchkey } from './testing/run-latchkey';

describe('codes, devices and webhooks on the command line', () => {
  let world: ServerWorld;
  let receiver: Server;
  let deviceId: string;
  let offlineId: string;
  let codeId: string;
  let webhookId: string;
  let answers = 503;
  const run = (...args: string[]) => runLatchkey({ DATA_DIR: world.dataDir }, ...args);
  const rows = async (...args: string[]) => {
    const { code, out, complaint } = await run(...args, '--json');
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  beforeAll(async () => {
    receiver = createServer((request, answer) => {
      request.resume();
      answer.writeHead(answers).end();
    });
    await new Promise<void>((listens) => receiver.listen(0, '127.0.0.1', listens));
    const { port } = receiver.address() as AddressInfo;
    world = await ServerWorld.start({ WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
    const { webhook } = await world.api.ask<{ webhook: { webhook_id: string } }>('/webhooks/create', {
      url: `http://127.0.0.1:${port}/hook?token=secret-of-theirs`,
      event_types: ['access_code.*'],
    });
    webhookId = webhook.webhook_id;
    ({ deviceId } = await world.locks.named('Front Door'));
    const devices = await world.api.devices();
    offlineId = devices.find(({ device_id }) => device_id !== deviceId)!.device_id;
    ({ access_code_id: codeId } = await world.api.create({
      device_id: deviceId,
      code: '582941',
      name: '=Ada',
    }));
    await world.api.advance(HOUR);
    await world.api.ask('/devices/simulate/disconnect', { device_id: offlineId });
    await world.api.create({ device_id: offlineId, code: '118822', name: 'Grace' });
    await world.api.advance(HOUR);
  }, 60_000);
  afterAll(async () => {
    await world.stop();
    receiver.close();
  });

  test('codes are listed by lock, by status and by their problems, without their PINs', async () => {
    const all = await rows('codes', 'list');
    expect(all.map(({ name, status }) => [name, status])).toEqual([
      ['=Ada', 'set'],
      ['Grace', expect.stringMatching(/unset|setting/)],
    ]);
    expect(await rows('codes', 'list', '--device', deviceId)).toEqual([all[0]]);
    expect(await rows('codes', 'list', '--status', 'set')).toEqual([all[0]]);
    const troubled = await rows('codes', 'list', '--problems');
    expect(troubled.map(({ name }) => name)).toEqual(['Grace']);
    expect(await rows('codes', 'list', '--search', 'grace')).toEqual([all[1]]);
    expect(await rows('codes', 'list', '--unmanaged', '--device', deviceId)).toEqual([]);
    for (const format of ['--json', '--csv', '--search=']) {
      expect((await run('codes', 'list', format)).out).not.toMatch(/582941|118822|box/);
    }
    // A spreadsheet is not to run it.
    expect((await run('codes', 'list', '--csv')).out).toMatch(/,set,'=Ada,/);
    const table = (await run('codes', 'list')).out.split('\n');
    expect(table).toHaveLength(3);
    expect(table[0]).toMatch(/^access_code_id +status +name/);
  });

  test('one code, or one lock, is shown line by line', async () => {
    const code = await run('codes', 'get', codeId);
    expect(code.out).toMatch(new RegExp(`^access_code_id +${codeId}\nstatus +set\n`));
    expect(code.out).not.toMatch(/582941/);
    expect(await rows('codes', 'get', codeId)).toEqual([
      expect.objectContaining({ status: 'set', errors: [] }),
    ]);
    expect((await run('devices', 'get', deviceId)).out).toMatch(/^online +online$/m);
    const csv = (await run('codes', 'get', codeId, '--csv')).out.split('\n');
    expect(csv).toEqual([expect.stringMatching(/^access_code_id,status,/), expect.stringContaining(codeId)]);
    expect(await run('codes', 'get', 'nonsense')).toEqual({
      code: 1,
      out: '',
      complaint: 'There is no access code nonsense: codes list shows those there are.',
    });
    expect((await run('devices', 'get', 'nonsense')).complaint).toMatch(/^There is no managed lock nonsense/);
  });

  test('locks are listed by what is the matter with them', async () => {
    const offline = await rows('devices', 'list', '--status', 'offline');
    expect(offline).toEqual([
      expect.objectContaining({ device_id: offlineId, online: false, errors: ['device_disconnected'] }),
    ]);
    expect(await rows('devices', 'list', '--status', 'problems')).toEqual(offline);
    const online = await rows('devices', 'list', '--status', 'online');
    expect(online.map(({ device_id }) => device_id)).not.toContain(offlineId);
    expect((await rows('devices', 'list')).length).toBe(online.length + 1);
    expect((await run('devices', 'list', '--unmanaged')).out).toBe('There are no such locks.');
  });

  test('a choice that there is not, and a workspace, are refused in words', async () => {
    expect((await run('codes', 'list', '--status', 'lost')).complaint).toMatch(
      /Allowed choices are unset, setting/,
    );
    expect((await run('devices', 'list', '--workspace', 'x')).complaint).toMatch(
      /^There is no workspace x\./,
    );
    expect((await run('codes', 'list', '--unmanaged')).complaint).toMatch(/--device/);
  });

  test('a failing webhook is shown with what waits for it, and sent to at once on request', async () => {
    const failing = await until(async () => (await rows('webhooks', 'list', '--problems'))[0], {
      within: 20_000,
      every: 200,
    });
    expect(failing).toMatchObject({ webhook_id: webhookId, status: 'failing' });
    expect(failing['waiting']).toBeGreaterThan(0);
    expect((await run('webhooks', 'list')).out).not.toMatch(/secret-of-theirs|whsec/);
    answers = 200;
    expect((await run('webhooks', 'retry', webhookId)).out).toMatch(/^\d+ messages? waits? for the webhook/);
    const isSent = async () => {
      const [found] = await rows('webhooks', 'get', webhookId);
      return found!['waiting'] === 0 && found!['status'] === 'in use';
    };
    await until(isSent, { within: 30_000, every: 200 });
  }, 60_000);

  test('a webhook is disabled and taken into use again', async () => {
    expect((await run('webhooks', 'disable', webhookId)).code).toBe(0);
    expect(await rows('webhooks', 'get', webhookId)).toEqual([
      expect.objectContaining({ status: 'disabled' }),
    ]);
    expect((await run('webhooks', 'disable', webhookId)).complaint).toMatch(/is disabled already/);
    expect((await run('webhooks', 'retry', webhookId)).complaint).toMatch(/enable it first/);
    expect((await run('webhooks', 'enable', webhookId)).code).toBe(0);
    expect((await run('webhooks', 'enable', webhookId)).complaint).toMatch(/in use already/);
    expect((await run('webhooks', 'get', 'nonsense')).complaint).toMatch(/^There is no webhook nonsense/);
  });

  test('a reader that reads only the beginning gets no error', () => {
    const compiled = compile();
    const program = compiled.path('apps/server/src/cli/latchkey.js');
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...compiled.env, DATA_DIR: world.dataDir };
    // It is gone before the first line comes.
    const script = `"${process.execPath}" "${program}" codes list --json | true; echo "\${PIPESTATUS[0]}"`;
    const ran = spawnSync('bash', ['-c', script], { env, encoding: 'utf8' });
    compiled.remove();
    expect([ran.stdout, ran.stderr]).toEqual(['0\n', '']);
  }, 60_000);
});
