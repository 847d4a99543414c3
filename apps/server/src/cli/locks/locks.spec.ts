import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetworkProcess } from '@latchkey/gateways';
import { createLogger, freePort, loadConfig, pinsIn, until } from '@latchkey/platform';
import { startServer } from '../../server';
import { runLatchkey } from '../testing/run-latchkey';

const [FRONT, BACK] = [2, 3];

describe('lock systems on the command line', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-locks-'));
  const file = join(dataDir, 'systems.json');
  let network: NetworkProcess;
  let env: NodeJS.ProcessEnv;
  const run = (...args: string[]) => runLatchkey(env, 'locks', ...args);
  const rows = async (...args: string[]) => {
    const { code, out, complaint } = await run(...args, '--json');
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    return out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  beforeAll(async () => {
    network = await NetworkProcess.start([
      { nodeId: FRONT, users: 20, name: 'Front door', schedules: true },
      { nodeId: BACK, users: 4, name: 'Back door' },
    ]);
    const zone = { time_zone: 'Europe/Vienna' };
    const cloud = { client_id: 'us', client_secret: 'secret-of-ours', base_url: 'https://acme.example' };
    writeFileSync(
      file,
      JSON.stringify([
        { kind: 'zwave-js', name: 'hall', display_name: 'Hall', ...zone },
        { kind: 'zwave-js', name: 'barn', address: 'ws://127.0.0.1:9', ...zone },
        { name: 'acme', display_name: 'Acme', ...cloud },
        { kind: 'matter', name: 'home', ...zone },
      ]),
    );
    const [port, eventstorePort] = [await freePort(), await freePort()];
    env = {
      ...{ SANDBOX: 'false', DATA_DIR: dataDir, LOCK_MAKERS_FILE: file, LOG_LEVEL: 'fatal' },
      ...{ PORT: String(port), EVENTSTORE_PORT: String(eventstorePort) },
    };
    await runLatchkey(env, 'api-keys', 'make', '--name', 'test', '--new-workspace', 'House');
  }, 120_000);

  afterAll(async () => {
    await network.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('what is at an address is found, with its locks, without connecting it', async () => {
    const [hall] = await rows('find', 'hall', '--address', network.address);
    expect(hall).toMatchObject({
      ...{ system: 'hall', kind: 'zwave-js', reachable: true, reason: null, connected_account_id: null },
      version: expect.stringMatching(/^Z-Wave JS server 3\.\d+\.\d+, schema \d+$/) as string,
      locks: [
        {
          ...{ name: 'Front door', online: true, slots: '11-20', codes_ours: null, device_id: null },
          abilities: ['codes of 4, 5, 6, 7, 8 digits', 'time frames', 'lock', 'unlock'],
        },
        { name: 'Back door', slots: '3-4', abilities: ['codes of 4, 5, 6, 7, 8 digits', 'lock', 'unlock'] },
      ],
    });
    const all = await rows('find');
    expect(all).toMatchObject([
      { system: 'hall', reachable: null, reason: 'the file does not say its address', locks: [] },
      { system: 'barn', reachable: false, locks: [] },
      { system: 'home', reason: 'no lock is paired yet: a pairing code is needed', locks: [] },
    ]);
    expect(existsSync(join(dataDir, 'matter'))).toBe(false);
  });

  test.each([
    [['find', 'barn'], /^barn was not found: no WebSocket could be opened/],
    [['find', 'barn', '--address', 'ws://127.0.0.1:9'], /^The file says how barn is reached/],
    [['find', 'shed'], /^The file of lock systems has no shed\. It has: hall, barn, acme, home\.$/],
    [['connect', 'acme'], /^acme is a lock maker's cloud/],
    [['connect', 'hall'], /^Say where hall is: --address URL\.$/],
    [['connect', 'hall', '--address', 'ws://127.0.0.1:9'], /^Hall could not be reached/],
    [['connect', 'hall', '--address', 'http://hub'], /^The address must begin with ws:/],
    [['connect', 'hall', '--address', 'ws://hub', '--pairing-code', '1'], /^hall takes no pairing code\.$/],
    [
      ['connect', 'hall', '--address', 'ws://hub', '--password-file', '/no/such'],
      /can't be read \(ENOENT\)\.$/,
    ],
    [['connect', 'hall', '--address', 'ws://hub', '--workspace', 'x'], /^There is no workspace x\./],
  ])(
    '%j is refused in one line',
    async (args, complaint) => {
      expect(await run(...args)).toMatchObject({
        code: 1,
        complaint: expect.stringMatching(complaint) as string,
      });
    },
    60_000,
  );

  test('a system is connected without a server, and beside one; its locks are listed with what they hold', async () => {
    const first = await run('connect', 'hall', '--address', network.address, '--json');
    expect(first).toMatchObject({ code: 0, complaint: '' });
    const { connected_account_id } = JSON.parse(first.out) as { connected_account_id: string };
    const [hall] = await rows();
    expect(hall).toMatchObject({
      ...{ system: 'hall', reachable: true, connected_account_id },
      locks: [
        { name: 'Front door', online: true, codes_ours: 0, codes_foreign: 0 },
        { name: 'Back door', online: true },
      ],
    });

    await network.lock(BACK).putByHand(1, '4567');
    const server = await startServer(loadConfig(env), createLogger('silent'));
    try {
      // The same network is the same account, however it is connected.
      expect(await run('connect', 'hall', '--address', network.address)).toMatchObject({
        ...{ code: 0, out: expect.stringContaining(`as the account ${connected_account_id}.`) as string },
      });
      const foreign = async () => {
        const [now] = await rows();
        return (now!['locks'] as Record<string, unknown>[]).find(({ name }) => name === 'Back door');
      };
      const back = await until(async () => ((await foreign())?.['codes_foreign'] === 1 ? foreign() : false), {
        ...{ what: 'the code that was put by hand is counted', within: 30_000, every: 300 },
      });
      expect(back).toMatchObject({ codes_ours: 0, slots: '3-4' });
      const { out } = await run();
      expect(out).toMatch(/^hall \(zwave-js\): reachable, Z-Wave JS server .*; connected as /m);
      expect(out).toMatch(/^ {2}3-\S+ +online +3-4 +0 +1 +Back door/m);
      expect(out).toMatch(/^acme \(http\): not tried, .*; not connected$/m);
      const csv = (await run('list', '--csv')).out.split('\n');
      expect(csv[0]).toMatch(/^system,kind,reachable,.*,lock_id,online,/);
      expect(csv).toHaveLength(1 + 2 + 1 + 1 + 1);
      for (const shown of [out, ...csv]) {
        expect(pinsIn(shown, '4567')).toEqual([]);
        expect(shown).not.toContain('secret-of-ours');
      }
    } finally {
      await server.close();
    }
  }, 120_000);

  test('a missing setting for the file of lock systems is reported', async () => {
    const { code, complaint } = await runLatchkey({ ...env, LOCK_MAKERS_FILE: '' }, 'locks');
    expect({ code, complaint }).toEqual({
      code: 1,
      complaint:
        'No lock systems are named: write a file as in docs/locks.md, and name it in LOCK_MAKERS_FILE.',
    });
  });
});
