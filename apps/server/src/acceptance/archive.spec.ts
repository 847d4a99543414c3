import { ownerAddress } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { DAY, HOUR, iso, MINUTE } from '@latchkey/platform';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { latchkey } from '../cli/latchkey';
import { type LockAndDevice } from '../testing/keypads';
import { RestartableServer } from '../testing/restartable-server';

const server = new RestartableServer();
let lock: LockAndDevice;
/** Of codes that were deleted, and of one that is still there. */
let gone: string[];
let live: string;
let attempt: string;
/** While the first code was set. */
let then: number;

const cli = (...args: string[]) => cliIn(server.dataDir, ...args);

async function cliIn(
  dataDir: string,
  ...args: string[]
): Promise<{ code: number; out: string; complaint: string }> {
  const [out, complaints]: [string[], string[]] = [[], []];
  const env = { DATA_DIR: dataDir };
  const code = await latchkey(
    args,
    env,
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
}

/** What the audit, the API and the feed tell. */
async function told() {
  const { api } = server;
  const { deviceId: device_id } = lock;
  return {
    histories: await Promise.all(
      [...gone, live].map((access_code_id) => api.ask('/audit/history', { access_code_id })),
    ),
    door: await api.ask('/audit/door_at', { device_id, at: iso(then) }),
    span: await api.ask('/audit/door_between', { device_id, from: iso(then - DAY), to: iso(then + DAY) }),
    codes: await api.ask('/access_codes/list', { device_id }),
    attempt: await api.ask('/action_attempts/get', { action_attempt_id: attempt }),
    events: await api.ask('/events/list', { since: iso(0), limit: 500 }),
  };
}

/** The facts that the event store itself has of a stream, without the archive. */
async function inStore(stream: string): Promise<number> {
  const store = new EventStoreDb(ownerAddress(join(server.dataDir, 'eventstore')));
  let count = 0;
  for await (const _ of store.read(stream)) count++;
  await store.close();
  return count;
}

const archived = () => readdirSync(join(server.dataDir, 'archive')).filter((name) => name.endsWith('.facts'));

beforeAll(async () => {
  await server.start();
  const { api } = server;
  lock = await server.locks.add();
  const { deviceId: device_id } = lock;
  const ids: string[] = [];
  for (const code of ['482615', '593726', '604837'])
    ids.push((await api.create({ device_id, code, name: `Guest of ${code}` })).access_code_id);
  then = await api.advance(HOUR);
  const { action_attempt } = await api.ask<{ action_attempt: { action_attempt_id: string } }>(
    '/locks/unlock_door',
    { device_id },
  );
  attempt = action_attempt.action_attempt_id;
  await api.advance(MINUTE);
  live = ids.pop()!;
  gone = ids;
  for (const id of gone) await api.delete(id);
  await api.advance(30 * DAY);
}, 120_000);
afterAll(() => server.discard());

it('moves what ended long ago out of the event store, and everything is told as before', async () => {
  const before = await told();
  expect((await cli('archive', '--older-than', 'P40D')).out).toBe(
    '0 facts of 0 codes and attempts were archived.',
  );
  const dry = await cli('archive', '--older-than', 'P10D', '--dry-run');
  expect(dry.out).toMatch(/^\d\d facts of 3 codes and attempts would be archived\.$/);
  expect(await inStore(`accessCode-${gone[0]}`)).toBeGreaterThan(3);
  expect((await cli('archive', '--older-than', 'soon')).complaint).toMatch(/must be an ISO 8601 duration/);

  const done = await cli('archive', '--older-than', 'P10D');
  expect(done).toMatchObject({ code: 0, out: dry.out.replace('would be', 'were') });
  for (const stream of [...gone.map((id) => `accessCode-${id}`), `actionAttempt-${attempt}`])
    expect(await inStore(stream)).toBe(0);
  expect(await inStore(`accessCode-${live}`)).toBeGreaterThan(3);
  expect(archived()).toHaveLength(1);
  // The space is reclaimed: not a byte of it is left in the store.
  const events = readFileSync(join(server.dataDir, 'eventstore/events.db'));
  expect([events.includes('Guest of 482615'), events.includes('Guest of 604837')]).toEqual([false, true]);

  expect(await told()).toEqual(before);
  expect((await cli('archive', '--older-than', 'P10D')).out).toMatch(/^0 facts of 0/);
});

it('is verified, exported and folded again with what is archived', async () => {
  const before = await told();
  const file = join(server.dataDir, 'export.jsonl');
  expect(await cli('verify', 'history')).toMatchObject({ code: 0, complaint: '' });
  expect(await cli('verify', 'views')).toMatchObject({ code: 0, complaint: '' });
  expect(await cli('audit', 'export', '--out', file)).toMatchObject({ code: 0 });
  expect(await cli('audit', 'check', file)).toMatchObject({ code: 0 });
  for (const id of gone) expect(readFileSync(file, 'utf8')).toContain(id);

  await server.stop();
  server.removeViews();
  expect(await cli('verify', 'history')).toMatchObject({ code: 0, complaint: '' });
  await server.start();
  expect(await told()).toEqual(before);
});

it('is in a backup, and comes back with it', async () => {
  const before = await told();
  const [out, restored] = [join(server.dataDir, 'backup'), join(server.dataDir, 'restored')];
  expect(await cli('backup', '--out', out)).toMatchObject({ code: 0, complaint: '' });
  expect(await cli('restore', '--from', out, '--to', restored)).toMatchObject({ code: 0, complaint: '' });
  const verified = await cliIn(restored, 'verify', 'history');
  expect(verified).toMatchObject({ code: 0, complaint: '' });
  expect(verified.out).toContain('1 archive files are as they were written.');
  const [, fact] = (before.histories as { audit_entries: { event_id: string }[] }[])[0]!.audit_entries;
  const history = await cliIn(restored, 'audit', 'history', '--code', gone[0]!, '--json');
  expect(history.out).toContain(fact!.event_id);
});

it('is missed at the start, with the name of the file, and told by verify', async () => {
  await server.stop();
  const putBack = server.backUp('archive');
  const name = join(server.dataDir, 'archive', archived()[0]!);
  rmSync(name);
  await expect(server.start()).rejects.toThrow(
    `the archive file ${name} is missing; restore it from a backup`,
  );
  expect((await cli('verify', 'history')).complaint).toContain(name);
  putBack();
  await server.start();
});
