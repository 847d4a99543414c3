import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
      require('esbuild-register/dist/node').register();
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
