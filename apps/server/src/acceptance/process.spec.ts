import { HOUR, MINUTE } from '@latchkey/platform';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiKeys } from '../cli/api-keys';
import { compile, type Compiled } from '../testing/compiled';
import { allGone, ownSettings, ServerProcess } from '../testing/server-process';

let compiled: Compiled;
let settings: Awaited<ReturnType<typeof ownSettings>>;
beforeAll(() => {
  compiled = compile();
}, 120_000);
afterAll(() => compiled.remove());
beforeEach(async () => {
  settings = await ownSettings();
});
afterEach(() => settings.remove());

const ENDS_WITHIN_MS = 2_000;

describe('the server', () => {
  it('ends cleanly on Ctrl-C, within 2 s and with its children, and goes on where it was at the next start', async () => {
    const first = await ServerProcess.start(compiled, settings.env);
    const key = first.api.key;
    const { deviceId } = await first.locks.named('Front Door');
    const code = await first.api.create({ device_id: deviceId, name: 'Guest' });
    const now = await first.api.advance(5 * HOUR);
    expect((await fetch(`${first.api.url}/health/ready`)).status).toBe(200);
    const children = first.children();
    expect(children).toHaveLength(2);
    const asked = Date.now();
    const ended = await first.end('SIGINT');
    expect(Date.now() - asked).toBeLessThan(ENDS_WITHIN_MS);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    await allGone(children, 0);

    const second = await ServerProcess.start(compiled, settings.env);
    expect(second.api.key).toBe(key);
    expect(await second.api.now()).toBe(now);
    expect(await second.api.get(code.access_code_id)).toMatchObject({
      status: 'set',
      name: 'Guest',
      code: code.code,
    });
    expect(await second.locks.opens(await second.locks.named('Front Door'), code.code!)).toBe(true);
    expect((await second.api.devices()).length).toBe(4);
    expect(await second.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  }, 120_000);

  it('does not wait for connections on which nothing is asked, or half of something', async () => {
    const server = await ServerProcess.start(compiled, settings.env);
    const { hostname, port } = new URL(server.api.url);
    const held = ['', 'POST /devices/list HT', 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n'].map((said) => {
      const socket = connect(Number(port), hostname);
      socket.write(said);
      return new Promise<string>((resolve) => {
        let heard = '';
        socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(heard));
      });
    });
    await server.api.devices();
    const asked = Date.now();
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    expect(Date.now() - asked).toBeLessThan(2 * ENDS_WITHIN_MS);
    expect(await Promise.all(held)).toEqual(['', '', expect.stringContaining('200 OK')]);
  }, 60_000);

  it('answers what it was asked and ends in order when all of its processes are told to end at once', async () => {
    const server = await ServerProcess.start(compiled, settings.env);
    const { deviceId } = await server.locks.named('Front Door');
    const children = server.children();
    for (const child of children) process.kill(child, 'SIGTERM');
    const asked = Array.from({ length: 4 }, () => server.api.create({ device_id: deviceId }));
    const made = await Promise.all(asked);
    expect(made.map(({ code }) => code)).not.toContain(null);
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    await allGone(children, 0);
  }, 60_000);

  it('gives its children none of its own settings, and closes what it keeps to other accounts', async () => {
    chmodSync(settings.env.DATA_DIR!, 0o755);
    const vaultKey = randomBytes(32).toString('base64');
    const secret = `secret-${randomUUID()}`;
    const env = { ...settings.env, VAULT_KEY: vaultKey, ACME_SECRET: secret, LOG_LEVEL: 'warn' };
    const server = await ServerProcess.start(compiled, env);
    const environments = server.children().map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    expect(environments).toHaveLength(2);
    for (const environment of environments) {
      expect(environment).not.toMatch(/VAULT_KEY|DATABASE_URL|ACME_SECRET/);
      expect(environment).not.toContain(vaultKey);
    }
    const { stdout } = await server.end('SIGINT');
    expect(stdout).toMatch(/was open to other accounts \(0755\); it is closed now/);
    const modes = readdirSync(settings.env.DATA_DIR!, { recursive: true, encoding: 'utf8' }).map((name) => [
      name,
      statSync(join(settings.env.DATA_DIR!, name)).mode & 0o077,
    ]);
    expect(modes.length).toBeGreaterThan(5);
    expect(modes.filter(([, others]) => others !== 0)).toEqual([]);
  }, 120_000);

  it('leaves no child behind when it is killed, and starts again at once', async () => {
    const first = await ServerProcess.start(compiled, settings.env);
    const children = first.children();
    await first.end('SIGKILL');
    const second = await ServerProcess.start(compiled, settings.env);
    await allGone(children, ENDS_WITHIN_MS);
    expect((await second.api.devices()).length).toBe(4);
    await second.end('SIGINT');
  }, 120_000);

  it('ends with one clear line when one of its children is killed', async () => {
    const server = await ServerProcess.start(compiled, settings.env);
    process.kill(server.children()[0]!, 'SIGKILL');
    const { code, stdout } = await server.ended;
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/ended by itself/);
    await server.end('SIGKILL');
  }, 120_000);

  it('says in JSON where it listens, without the key, and brings its clock back when told to', async () => {
    const first = await ServerProcess.start(compiled, settings.env);
    await first.api.advance(100 * HOUR);
    const { stdout } = await first.end('SIGINT');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContainEqual(
      expect.stringMatching(/^Latchkey listens on http/),
    );
    expect(stdout).not.toContain(first.api.key);

    const second = await ServerProcess.start(compiled, settings.env, ['--reset-clock']);
    expect(Math.abs((await second.api.now()) - Date.now())).toBeLessThan(HOUR);
    const lock = await second.locks.named('Front Door');
    const { access_code_id: id, code } = await second.api.create({ device_id: lock.deviceId });
    await second.api.advance(MINUTE);
    expect([await second.api.status(id), await second.locks.opens(lock, code!)]).toEqual(['set', true]);
    await second.end('SIGINT');
  }, 120_000);

  it('stops in the middle of an advance, and continues it after the next start', async () => {
    const first = await ServerProcess.start(compiled, settings.env);
    const lock = await first.locks.named('Front Door');
    const now = await first.api.now();
    const window = { starts_at: now + 100 * HOUR, ends_at: now + 101 * HOUR };
    const { access_code_id: id, code } = await first.api.create({ device_id: lock.deviceId, ...window });
    const cut = first.api.advanceTo(now + 100 * HOUR).catch(() => 'cut off');
    expect((await first.end('SIGINT')).code).toBe(0);
    await cut;
    const second = await ServerProcess.start(compiled, settings.env);
    await second.api.advanceTo(now + 100 * HOUR);
    expect([await second.api.status(id), await second.locks.opens(lock, code!)]).toEqual(['set', true]);
    await second.api.advance(HOUR + MINUTE);
    expect([await second.api.status(id), await second.locks.opens(lock, code!)]).toEqual([404, false]);
    await second.end('SIGINT');
  }, 120_000);
});

describe('a start that can not be', () => {
  const others: Server[] = [];
  afterEach(async () => {
    for (const other of others.splice(0)) await new Promise((resolve) => other.close(resolve));
  });
  const occupy = async (port: string | undefined) => {
    const other = createServer();
    others.push(other);
    await new Promise<void>((resolve) => other.listen(Number(port), '127.0.0.1', resolve));
  };
  const refusal = async (env: NodeJS.ProcessEnv, args: string[] = []) => {
    const server = ServerProcess.spawn(compiled, { ...settings.env, ...env }, args);
    const { code, stdout, stderr } = await server.ended;
    return { failed: code !== 0 && code !== null, stdout, lines: stderr.trimEnd().split('\n') };
  };

  it.each(['PORT', 'LOCK_CLOUD_PORT', 'EVENTSTORE_PORT'])(
    'because %s is taken says so in one line',
    async (name) => {
      await occupy(settings.env[name]);
      const { failed, lines, stdout } = await refusal({});
      expect({ failed, stdout, lines }).toEqual({
        failed: true,
        stdout: '',
        lines: [expect.stringMatching(new RegExp(`^latchkey: .*${name} ${settings.env[name]}`))],
      });
    },
    60_000,
  );

  it('because another server has its data folder says so in one line', async () => {
    const first = await ServerProcess.start(compiled, settings.env);
    const { failed, lines } = await refusal({ PORT: '0', LOCK_CLOUD_PORT: '0', EVENTSTORE_PORT: '0' });
    expect({ failed, lines }).toEqual({
      failed: true,
      lines: [expect.stringMatching(/^latchkey: .*(in use|another)/)],
    });
    await first.end('SIGINT');
  }, 60_000);

  it('because its data folder can not be written says so in one line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-process-'));
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    for (const DATA_DIR of [file, join(file, 'below'), '/proc/latchkey']) {
      const { failed, lines } = await refusal({ DATA_DIR });
      expect({ failed, lines }).toEqual({ failed: true, lines: [expect.stringMatching(/^latchkey: /)] });
    }
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('because of an unknown option says so in one line, and --help tells which there are', async () => {
    const { failed, lines } = await refusal({}, ['--fast']);
    expect({ failed, lines }).toEqual({
      failed: true,
      lines: [expect.stringMatching(/unknown option '--fast'/)],
    });
    const { code, stdout } = await ServerProcess.spawn(compiled, settings.env, ['--help']).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/--reset-clock/) });
  }, 60_000);

  it.each([
    ['PORT', 'http'],
    ['SANDBOX', 'maybe'],
    ['PRELOAD_LEAD', 'three days'],
    ['EVENTSTORE_URL', 'http://example.com'],
    ['VAULT_KEY', 'short'],
    ['SANDBOX_API_KEY', 'secret'],
  ])(
    'because %s is %s says so in one line',
    async (name, value) => {
      const { failed, lines } = await refusal({ [name]: value });
      expect({ failed, lines }).toEqual({
        failed: true,
        lines: [expect.stringMatching(new RegExp(`^latchkey: .*${name}`))],
      });
    },
    30_000,
  );
});

describe('outside of the sandbox', () => {
  it('none of it answers', async () => {
    const env: NodeJS.ProcessEnv = { ...settings.env, SANDBOX: 'false', SANDBOX_API_KEY: '' };
    mkdirSync(env.DATA_DIR!, { recursive: true });
    const said: string[] = [];
    const made = await apiKeys(
      ['make', '--name', 'Front desk', '--new-workspace', 'Hotel'],
      env,
      (line) => said.push(line),
      (line) => said.push(line),
    );
    const key = said.find((line) => line.startsWith('seam_'))!;
    expect({ made, key }).toEqual({ made: 0, key: expect.stringMatching(/^seam_/) });
    const device_id = randomUUID();

    const server = await ServerProcess.start(compiled, env);
    const { url } = server.api;
    expect(server.said).not.toMatch(/seam_|simulator/);
    expect(server.children()).toHaveLength(1);
    const status = async (path: string, params: object) => {
      const answer = await fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(params),
      });
      return answer.status;
    };
    expect(await status('/sandbox/clock/get', {})).toBe(404);
    expect(await status('/sandbox/clock/advance', { by: 'PT1H' })).toBe(404);
    for (const what of ['connect', 'disconnect', 'remove']) {
      expect(await status(`/devices/simulate/${what}`, { device_id })).toBe(404);
    }
    const connected_account_id = '3f0c2a66-8a6b-4c0e-9a3c-0d5f2b1c7e11';
    for (const what of ['connect', 'disconnect']) {
      expect(await status(`/connected_accounts/simulate/${what}`, { connected_account_id })).toBe(404);
    }
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await server.end('SIGINT');
    // What it is it stays: without the setting it does not become a sandbox.
    const mistaken = await ServerProcess.spawn(compiled, settings.env).ended;
    expect(mistaken).toMatchObject({ code: 1, stdout: '' });
    expect(mistaken.stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/set SANDBOX=false/)]);
  }, 120_000);
});
