import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@latchkey/platform';
import { compile, type Compiled } from '../testing/compiled';
import { ServerWorld } from '../testing/server-world';
import { LatchkeyProgram } from './testing/latchkey-program';
import { runLatchkey } from './testing/run-latchkey';

/** Everything below a folder, with its folders. */
function everything(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...everything(path)] : [path];
  });
}

interface Acknowledged {
  readonly id: string;
  readonly pin: string;
  readonly acknowledgedAt: number;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('backup and restore', () => {
  let world: ServerWorld;
  let compiled: Compiled;
  let folder: string;
  let deviceId: string;
  let pin = 100_000;
  let program: LatchkeyProgram;
  const run = (...args: string[]) => program.run(...args);
  const at = (name: string) => join(folder, name);
  /** Codes that are acknowledged, until it is said that it is enough: their ids, PINs and when they were. */
  const load = async (enough: () => boolean, made: Acknowledged[] = []) => {
    while (!enough()) {
      pin += 7;
      const { access_code_id } = await world.api.create({ device_id: deviceId, code: String(pin) });
      made.push({ id: access_code_id, pin: String(pin), acknowledgedAt: performance.now() });
    }
    return made;
  };
  const some = (count: number) => {
    let n = 0;
    return load(() => n++ >= count);
  };
  beforeAll(async () => {
    compiled = compile();
    folder = mkdtempSync(join(tmpdir(), 'latchkey-backup-'));
    world = await ServerWorld.start();
    program = new LatchkeyProgram(compiled, { DATA_DIR: world.dataDir });
    ({ deviceId } = await world.locks.named('Front Door'));
    await some(20);
  }, 120_000);
  afterAll(async () => {
    compiled.remove();
    await world.stop();
    rmSync(folder, { recursive: true });
  });

  test('a backup taken under load restores to what was acknowledged before it began', async () => {
    let ended = false;
    const all: Acknowledged[] = [];
    const loading = load(() => ended, all);
    await until(() => all.length > 5);
    const begunAt = performance.now();
    const made = await run('backup', '--out', at('loaded'));
    const doneAt = performance.now();
    await until(() => all.some(({ acknowledgedAt }) => acknowledgedAt > doneAt + 200));
    ended = true;
    await loading;
    expect(made).toMatchObject({ code: 0, complaint: '' });
    expect(made.out).toMatch(/is a backup of .*\nThe master key is in it/);
    const before = all.filter(({ acknowledgedAt }) => acknowledgedAt < begunAt);
    const after = all.filter(({ acknowledgedAt }) => acknowledgedAt > doneAt + 200);
    expect(before.length).toBeGreaterThan(3);
    expect(after.length).toBeGreaterThan(0);

    expect(await run('restore', '--from', at('loaded'), '--to', at('restored'))).toMatchObject({ code: 0 });
    expect(existsSync(at('restored/views.db'))).toBe(false);
    const { key } = world.api;
    const restored = await ServerWorld.start({ DATA_DIR: at('restored') });
    try {
      expect(restored.api.key).toBe(key);
      for (const { id, pin: own } of before) expect(await restored.api.get(id)).toMatchObject({ code: own });
      for (const { id } of after) expect(await restored.api.status(id)).toBe(404);
      const verified = await runLatchkey({ DATA_DIR: at('restored') }, 'verify', 'views');
      expect(verified).toMatchObject({ code: 0, complaint: '' });
      expect((await runLatchkey({ DATA_DIR: at('restored') }, 'verify', 'history')).code).toBe(0);
    } finally {
      await restored.stop();
    }
  }, 90_000);

  test('what is made is for its owner alone', async () => {
    expect((await run('backup', '--out', at('closed'))).code).toBe(0);
    expect((await run('restore', '--from', at('closed'), '--to', at('data'))).code).toBe(0);
    for (const made of ['closed', 'data']) {
      for (const path of [at(made), ...everything(at(made))])
        expect([path, modeOf(path)]).toEqual([path, statSync(path).isDirectory() ? 0o700 : 0o600]);
    }
    expect((await run('backup', '--out', at('keyless'), '--without-key')).out).toMatch(
      /The master key is not in it/,
    );
    expect(existsSync(at('keyless/vault.key'))).toBe(false);
    expect((await run('restore', '--from', at('keyless'), '--to', at('keyless-data'))).out).toMatch(
      /Put its master key there first/,
    );
  });

  test('killed at any moment it leaves nothing that passes for a backup, and the server works on', async () => {
    for (const ms of [250, 400, 500, 600, 700, 800, 1_000]) {
      const out = at(`killed-${ms}`);
      await program.killedAfter(ms, 'backup', '--out', out);
      const whole = await run('restore', '--from', out, '--to', at(`from-${ms}`));
      expect([existsSync(out), whole.code]).toEqual([existsSync(out), existsSync(out) ? 0 : 1]);
      const half = `${out}.partial`;
      if (!existsSync(half)) continue;
      const refused = await run('restore', '--from', half, '--to', at('nowhere'));
      // It may have been killed when all was there but its name.
      const complaint = `${half} is no whole backup: it has no backup.json, which is written last.`;
      expect(refused.complaint).toBe(existsSync(join(half, 'backup.json')) ? '' : complaint);
      rmSync(at('nowhere'), { recursive: true, force: true });
      const again = await run('backup', '--out', out);
      expect(again.complaint).toBe(`${half} is left of one that was cut short: remove it first.`);
    }
    await some(3);
    expect((await run('backup', '--out', at('afterwards'))).code).toBe(0);
  }, 60_000);

  test('a restore that is killed leaves no data folder, or a whole one', async () => {
    expect((await run('backup', '--out', at('good'))).code).toBe(0);
    for (const ms of [200, 350, 450, 550]) {
      const to = at(`begun-${ms}`);
      await program.killedAfter(ms, 'restore', '--from', at('good'), '--to', to);
      if (!existsSync(to)) continue;
      const names = (root: string) =>
        everything(root)
          .map((path) => path.slice(root.length))
          .sort();
      const expected = names(at('good')).filter((name) => name !== '/backup.json');
      expect(names(to)).toEqual(expected);
    }
  }, 60_000);

  test('nothing is overwritten', async () => {
    mkdirSync(at('there'));
    writeFileSync(at('there/x'), 'mine');
    expect((await run('backup', '--out', at('there'))).complaint).toBe(`${at('there')} is there already.`);
    const into = await run('restore', '--from', at('closed'), '--to', at('there'));
    expect(into.complaint).toBe(`${at('there')} is there already, and is not empty.`);
    expect(readFileSync(at('there/x'), 'utf8')).toBe('mine');
    const nowhere = await run('backup', '--out', at('no/such/folder'));
    expect(nowhere.complaint).toBe(`${at('no/such/folder')}.partial: it is not there.`);
  });

  test('a damaged backup is refused, and nothing of it is left', async () => {
    cpSync(at('closed'), at('damaged'), { recursive: true });
    const file = at('damaged/eventstore/events.db');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const refused = await run('restore', '--from', at('damaged'), '--to', at('of-damaged'));
    expect(refused).toMatchObject({ code: 1, complaint: expect.stringMatching(/is not what was backed up/) });
    expect([existsSync(at('of-damaged')), existsSync(at('of-damaged.partial'))]).toEqual([false, false]);
    rmSync(file);
    expect((await run('restore', '--from', at('damaged'), '--to', at('of-damaged'))).complaint).toMatch(
      /events\.db: it is not there\.$/,
    );
    const manifest = at('damaged/backup.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('eventstore/events.db', '../events.db'));
    copyFileSync(at('closed/eventstore/events.db'), at('events.db'));
    expect((await run('restore', '--from', at('damaged'), '--to', at('of-damaged'))).complaint).toMatch(
      /backup\.json is damaged/,
    );
  });

  // Only root may mount a file system that is small enough.
  const onSmallDisk = process.getuid?.() === 0 ? test : test.skip;
  onSmallDisk('a full disk is reported in one line, and what was begun is removed', async () => {
    const disk = at('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'none', disk]);
    try {
      const full = await run('backup', '--out', join(disk, 'backup'));
      expect(full).toMatchObject({ code: 1, out: '' });
      expect(full.complaint).toMatch(/^[^\n]*: the disk is full\.$/);
      expect(full.complaint).toContain(join(disk, 'backup'));
      const restored = await run('restore', '--from', at('closed'), '--to', join(disk, 'data'));
      expect(restored.complaint).toMatch(/^[^\n]*: the disk is full\.$/);
      expect(restored.complaint).toContain(join(disk, 'data'));
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('stores of others are backed up by their own tools', async () => {
    const env = { DATA_DIR: world.dataDir, EVENTSTORE_URL: 'esdb://localhost:1?tls=false' };
    const refused = await runLatchkey(env, 'backup', '--out', at('others'));
    expect(refused).toMatchObject({
      code: 1,
      complaint: expect.stringMatching(/in this order: the event store, then pg_dump/),
    });
  });

  test('a server that has ended is backed up as well', async () => {
    const other = await ServerWorld.start();
    const { access_code_id } = await other.api.create({
      device_id: (await other.locks.named('Front Door')).deviceId,
      code: '998877',
    });
    await other.shutDown();
    const made = await runLatchkey({ DATA_DIR: other.dataDir }, 'backup', '--out', at('ended'));
    expect(made).toMatchObject({ code: 0, complaint: '' });
    rmSync(other.dataDir, { recursive: true });
    expect((await run('restore', '--from', at('ended'), '--to', at('begun'))).code).toBe(0);
    const begun = await ServerWorld.start({ DATA_DIR: at('begun') });
    expect(await begun.api.get(access_code_id)).toMatchObject({ code: '998877' });
    await begun.stop();
  }, 60_000);
});
