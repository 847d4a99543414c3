import { HOUR, MINUTE } from '@latchkey/platform';
import { ServerWorld } from '../testing/server-world';
import { randomUUID } from 'node:crypto';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { type EventMetadata, EventStoreDb } from '@latchkey/event-sourcing';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { latchkey } from './latchkey';

async function runIn(dataDir: string, ...args: string[]) {
  const [out, complaints]: [string[], string[]] = [[], []];
  const code = await latchkey(
    args,
    { DATA_DIR: dataDir },
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
}

describe('beside a running server, and without one', () => {
  let world: ServerWorld;
  let hasEnded = false;
  let deviceId: string;
  let codeId: string;
  let set: number;
  beforeAll(async () => {
    world = await ServerWorld.start();
    ({ deviceId } = await world.locks.named('Front Door'));
    ({ access_code_id: codeId } = await world.api.create({
      device_id: deviceId,
      code: '582941',
      name: 'Ada, "the guest"',
    }));
    set = await world.api.advance(HOUR);
    // What the command reads is folded while it looks.
    await world.api.ask('/audit/history', { access_code_id: codeId });
  });
  afterAll(async () => {
    if (!hasEnded) await world.shutDown();
    rmSync(world.dataDir, { recursive: true });
  });

  const told = (out: string) =>
    out.split('\n').map((line) => (JSON.parse(line) as { event_type: string }).event_type);

  test('the history of a code is told as a table, as JSON and as CSV, without its PIN', async () => {
    const table = await runIn(world.dataDir, 'audit', 'history', '--code', codeId);
    expect(table).toMatchObject({ code: 0, complaint: '' });
    expect(table.out.split('\n')[0]).toMatch(/^occurred_at +event_type +actor /);
    expect(table.out).toMatch(/CodeRequested +api_key [0-9a-f-]{36}/);
    const json = await runIn(world.dataDir, 'audit', 'history', '--code', codeId, '--json');
    expect(told(json.out)).toEqual(expect.arrayContaining(['CodeRequested', 'SetOnDevice']));
    const csv = await runIn(
      world.dataDir,
      'audit',
      'history',
      '--code',
      codeId,
      '--csv',
      '--type',
      'CodeRequested',
    );
    expect(csv.out).toContain('""Ada, \\""the guest\\""""');
    for (const { out } of [table, json, csv]) expect(out).not.toContain('582941');
  });

  test('the door is told at an instant and over a span', async () => {
    const at = new Date(set).toISOString();
    const then = await runIn(world.dataDir, 'audit', 'door', deviceId, '--at', at, '--json');
    expect(JSON.parse(then.out)).toMatchObject({ access_code_id: codeId, certainty: 'verified' });
    const early = await runIn(world.dataDir, 'audit', 'door', deviceId, '--at', '2020-01-01');
    expect(early.out).toMatch(/was not known yet, 2020-01-01T00:00:00.000Z: no code opened it/);
    const span = ['--from', new Date(set - 2 * HOUR).toISOString(), '--to', at];
    const over = await runIn(world.dataDir, 'audit', 'door', deviceId, ...span);
    expect(over.out).toMatch(new RegExp(`opens +${codeId}`));
    const now = await runIn(world.dataDir, 'audit', 'door', deviceId);
    expect(now.out).toContain(codeId);
  });

  test.each([
    [['audit', 'history', '--since', 'yesterday'], /--since is an instant as 2026/],
    [['audit', 'door', 'nowhere', '--at', '2026-01-01'], /The device does not exist/],
    [['audit', 'door', 'x', '--from', '2026-01-01'], /both --from and --to/],
    [['audit', 'door', 'x', '--from', '2026-01-02', '--to', '2026-01-01'], /ends before it begins/],
    [['audit', 'history', '--code', 'nobody'], /^Nothing was ever recorded of the code nobody\.$/],
    [['audit', 'history', '--since', '2026-01-02', '--until', '2026-01-01'], /ends before it begins/],
    [['audit', 'door', 'x', '--at', '2999-01-01'], /^--at is in the future: it is 20/],
    [['audit', 'door', 'x', '--at', '2026-02-30T10:00:00Z'], /^--at is an instant as 2026/],
    [
      ['audit', 'history', '--type', 'CodeRequest'],
      /^No fact has the type CodeRequest\. There are: .*CodeRequested/,
    ],
    [['api-keys', 'list', '--json', '--csv'], /^Say --json or --csv\.$/],
    [['subscribers', 'make', '--name', 'X', '--subscription', 'none'], /^There is no subscription none: /],
    [['subscriptions', 'update', 'none'], /^Say which setting is to be changed/],
    [['audit', 'door'], /missing required argument/],
    [['audit', 'nothing'], /unknown command/],
  ])('%j is refused with a word why', async (args, complaint) => {
    const result = await runIn(world.dataDir, ...args);
    expect(result.complaint).toMatch(complaint);
    expect(result.code).toBe(1);
  });

  test('keys and subscribers are listed for programs, too, without a secret', async () => {
    const made = await runIn(world.dataDir, 'subscribers', 'make', '--name', 'Booking');
    const password = /^ +password +(\S+)/m.exec(made.out)![1]!;
    const listed = await runIn(world.dataDir, 'subscribers', 'list', '--json');
    expect(JSON.parse(listed.out)).toMatchObject({ name: 'Booking', login: expect.any(String) });
    const keys = await runIn(world.dataDir, 'api-keys', 'list', '--json');
    expect(JSON.parse(keys.out)).toMatchObject({ name: 'Sandbox', api_key_id: expect.any(String) });
    const csv = await runIn(world.dataDir, 'api-keys', 'list', '--csv');
    expect(csv.out.split('\n')[0]).toBe('api_key_id,name,prefix,permissions,created_at,last_used_at');
    const all = [listed, keys, csv].map(({ out }) => out).join();
    for (const secret of [password, world.api.key]) expect(all).not.toContain(secret);
  });

  test('the history is exported, and the file is checked without any data', async () => {
    const file = join(world.dataDir, 'export.jsonl');
    const written = await runIn(world.dataDir, 'audit', 'export', '--out', file);
    expect(written).toMatchObject({ code: 0, complaint: '' });
    expect(written.out).toMatch(/^\d+ facts of the workspace Sandbox, signed once, are in /);
    const again = await runIn(world.dataDir, 'audit', 'export', '--out', file);
    expect(again).toMatchObject({ code: 1, complaint: expect.stringContaining('is there already') });
    const { out: key } = await runIn(world.dataDir, 'audit', 'key');
    const checked = await runIn('/nowhere', 'audit', 'check', file, '--key', key);
    expect(checked).toMatchObject({ code: 0, complaint: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toMatch(/582941|"box"/);
    writeFileSync(file, text.replace('Ada', 'Eve'));
    const broken = await runIn('/nowhere', 'audit', 'check', file);
    expect(broken).toMatchObject({
      code: 1,
      complaint: expect.stringMatching(/is broken: line \d+: the chain breaks at accessCode-.*CodeRequested/),
    });
    expect(await runIn('/nowhere', 'audit', 'check', '/nowhere/x')).toMatchObject({
      code: 1,
      complaint: 'There is no file or folder /nowhere/x.',
    });
    rmSync(file);
  });

  test('the history is verified', async () => {
    const verified = await runIn(world.dataDir, 'verify', 'history');
    expect(verified).toMatchObject({ code: 0, complaint: '' });
    expect(verified.out).toMatch(/Sandbox: \d+ facts, chain [0-9a-f]{64}/);
  });

  test('a data folder whose server has ended tells the same', async () => {
    const running = await runIn(world.dataDir, 'audit', 'history', '--device', deviceId, '--json');
    await world.api.ask('/access_codes/delete', { access_code_id: codeId });
    await world.api.advance(MINUTE);
    const { dataDir } = world;
    await world.shutDown();
    hasEnded = true;
    // Even where the index is gone: it is folded again.
    rmSync(`${dataDir}/audit.db`);
    const ended = await runIn(dataDir, 'audit', 'history', '--device', deviceId, '--json');
    expect(ended.complaint).toBe('');
    expect(ended.out.startsWith(running.out)).toBe(true);
    expect(told(ended.out)).toContain('Removed');
  });
});

test.each([['--help'], ['audit', '--help'], ['audit', 'door', '--help'], ['api-keys', '--help'], []])(
  'help is given for %j',
  async (...args) => {
    const { code, out } = await runIn('/nowhere', ...args);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: npm run latchkey --/);
  },
);

test('events that views go on without are shown, with the reason', async () => {
  const world = await ServerWorld.start();
  try {
    expect((await runIn(world.dataDir, 'parked')).out).toBe('No event is parked.');
    const owner = ownerAddress(join(world.dataDir, 'eventstore'));
    const store = new EventStoreDb(owner);
    const foreign = { id: randomUUID(), type: 'Nonsense', data: {}, metadata: {} as EventMetadata };
    await store.append('device-nowhere', [foreign], 'no-stream');
    await store.close();
    // Whatever comes after it has been folded, and so it has been set aside.
    await world.api.create({ device_id: (await world.locks.named('Front Door')).deviceId });
    const { out } = await runIn(world.dataDir, 'parked', '--json');
    expect(out.split('\n').map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        ...{ view: '*', stream: 'device-nowhere', event_type: 'Nonsense', event_id: foreign.id },
        reason: expect.stringMatching(/\w/),
      }),
    ]);
  } finally {
    await world.stop();
  }
});
