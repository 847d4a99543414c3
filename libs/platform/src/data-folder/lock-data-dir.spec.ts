import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../errors/startup-error';
import { lockDataDir } from './lock-data-dir';

describe("the data folder's lock", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'latchkey-lock-'));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  /** Another process that holds the folder's lock. */
  async function holder(dir: string) {
    const program = `
      require(${JSON.stringify(join(__dirname, '../../../../scripts/typescript.cjs'))});
      const { lockDataDir } = require(${JSON.stringify(join(__dirname, 'lock-data-dir.ts'))});
      lockDataDir(${JSON.stringify(dir)});
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }

  it('makes the folder, for its owner alone', () => {
    const dir = join(parent, 'a', 'b');
    const lock = lockDataDir(dir);

    expect(statSync(dir).mode & 0o777).toBe(0o700);
    lock.release();
  });

  it('closes a folder that somebody else made, and the files in it, and says so', () => {
    const dir = join(parent, 'open');
    mkdirSync(join(dir, 'eventstore'), { recursive: true });
    for (const folder of [dir, join(dir, 'eventstore')]) chmodSync(folder, 0o755);
    const files = ['records.db', 'clock.json', 'eventstore/events.db'].map((name) => join(dir, name));
    for (const file of files) {
      writeFileSync(file, '');
      chmodSync(file, 0o644);
    }
    const lines: string[] = [];

    lockDataDir(dir, (line) => lines.push(line)).release();

    expect([dir, join(dir, 'eventstore')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
    expect(files.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    expect(lines).toContain(`the data folder ${dir} was open to other accounts (0755); it is closed now`);
    expect(lines).toHaveLength(5);
  });

  it('leaves files that are made later closed to other accounts', () => {
    const lock = lockDataDir(parent);
    writeFileSync(join(parent, 'later'), '');

    expect(statSync(join(parent, 'later')).mode & 0o777).toBe(0o600);
    expect(statSync(join(parent, '.lock')).mode & 0o777).toBe(0o600);
    lock.release();
  });

  it('refuses a folder that all accounts share', () => {
    chmodSync(parent, 0o1777);

    expect(() => lockDataDir(parent)).toThrow(/is shared with other accounts/);
    expect(statSync(parent).mode & 0o7777).toBe(0o1777);
  });

  it('is refused while it is held, and can be had once it is released', () => {
    const lock = lockDataDir(parent);

    expect(() => lockDataDir(parent)).toThrow(StartupError);
    expect(() => lockDataDir(parent)).toThrow(`The data folder ${parent} is in use by another process.`);
    lock.release();
    lock.release();
    lockDataDir(parent).release();
  });

  it('is held by another process until that dies, killed or not', async () => {
    const child = await holder(parent);
    expect(() => lockDataDir(parent)).toThrow(/in use by another process/);

    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = lockDataDir(parent);
    expect(() => lockDataDir(parent)).toThrow(/in use by another process/);
    lock.release();
  });

  it('is refused where there can be no folder', () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');

    expect(() => lockDataDir(file)).toThrow(/can not be written/);
    expect(() => lockDataDir(join(file, 'below'))).toThrow(/can not be written/);
  });
});
