import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Broker, Zigbee2MqttStandIn } from '@latchkey/zigbee2mqtt-stand-in';
import { runCommandLine } from '../command-line';
import { runLatchkey } from '../testing/run-latchkey';
import { locksCommand } from './locks';

const login = { username: 'latchkey', password: 'a broker password' };

describe('a Zigbee2MQTT on the command line', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-locks-'));
  const env = {
    ...{ SANDBOX: 'false', DATA_DIR: dataDir, LOG_LEVEL: 'fatal' },
    LOCK_MAKERS_FILE: join(dataDir, 'systems.json'),
  };
  const run = (...args: string[]) => runLatchkey(env, 'locks', ...args);
  let broker: Broker;
  let hub: Zigbee2MqttStandIn;

  beforeAll(async () => {
    broker = await Broker.start({ login });
    hub = new Zigbee2MqttStandIn({ address: broker.address, ...login, availability: true, timeoutMs: 500 });
    await hub.start();
    await hub.pair({ name: 'Hintertür', users: 30 });
    writeFileSync(
      env.LOCK_MAKERS_FILE,
      JSON.stringify([{ kind: 'zigbee2mqtt', name: 'house', display_name: 'The house', slots: '10-12' }]),
    );
    writeFileSync(join(dataDir, 'password'), `${login.password}\n`);
    await runLatchkey(env, 'api-keys', 'make', '--name', 'test', '--new-workspace', 'House');
  }, 60_000);

  afterAll(async () => {
    await hub.stop();
    await broker.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const way = () => ['--address', broker.address, '--user', login.username];
  const withFile = () => [...way(), '--password-file', join(dataDir, 'password')];

  test('is found with a password from a file, and from the standard input', async () => {
    const found = await run('find', 'house', ...withFile(), '--json');
    expect(found).toMatchObject({ code: 0, complaint: '' });
    expect(JSON.parse(found.out)).toMatchObject({
      version: expect.stringMatching(/^Zigbee2MQTT \d/) as string,
      locks: [{ name: 'Hintertür', online: true, slots: '10-12' }],
    });
    const out: string[] = [];
    const sent = locksCommand(env, (line) => out.push(line), Readable.from([`${login.password}\n`]));
    expect(await runCommandLine(sent, ['find', 'house', ...way()], () => undefined, fail)).toBe(0);
    expect(out.join('\n')).toMatch(/^house \(zigbee2mqtt\): reachable, Zigbee2MQTT .*; not connected$/m);
  });

  test('is refused with a wrong password, which is repeated nowhere', async () => {
    writeFileSync(join(dataDir, 'wrong'), 'guessed');
    const wrong = await run('connect', 'house', ...way(), '--password-file', join(dataDir, 'wrong'));
    expect(wrong).toMatchObject({ code: 1, complaint: expect.stringMatching(/credentials/) as string });
    expect(JSON.stringify(wrong)).not.toMatch(/guessed/);
  }, 60_000);

  test('is connected, and listed with its locks', async () => {
    expect(await run('connect', 'house', ...withFile())).toMatchObject({ code: 0, complaint: '' });
    const listed = await run('list', '--json');
    expect(JSON.parse(listed.out)).toMatchObject({
      ...{ system: 'house', reachable: true },
      locks: [
        { name: 'Hintertür', codes_ours: 0, codes_foreign: 0, device_id: expect.any(String) as string },
      ],
    });
    expect(listed.out).not.toContain(login.password);
  }, 60_000);
});

function fail(line: string): void {
  throw new Error(line);
}
