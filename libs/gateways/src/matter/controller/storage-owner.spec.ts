import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilNobodys } from './storage-owner';

// Elsewhere nobody can tell which program a process is.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the storage of a Matter controller', () => {
  let folder: string;
  let other: ChildProcess | undefined;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'matter-storage-'))));
  afterEach(() => {
    other?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const ownedBy = (pid: number | undefined) => {
    writeFileSync(join(folder, 'matter.lock'), '');
    writeFileSync(join(folder, 'matter.pid'), `${pid} 0123456789abcdef`);
  };
  const isLocked = () => existsSync(join(folder, 'matter.lock'));

  /** @param path as its command line shows it, under the folder */
  const runs = async (path: string[], lives: string): Promise<ChildProcess> => {
    const program = join(folder, ...path);
    mkdirSync(join(program, '..'), { recursive: true });
    writeFileSync(program, `process.send('runs');${lives}`);
    other = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    await new Promise((resolve) => other!.once('message', resolve));
    return other;
  };
  const controller = ['matter', 'controller', 'main.js'];

  it('is taken from a process number that another program has by now', async () => {
    ownedBy((await runs(['other.js'], 'setInterval(() => undefined, 1000)')).pid);
    await untilNobodys(folder);
    expect(isLocked()).toBe(false);
  });

  it('is taken once the controller of a killed server has ended', async () => {
    // Real time: it lives on for longer than two looks are apart, by a clock of its own.
    const old = await runs(controller, 'setTimeout(() => process.exit(0), 300)');
    ownedBy(old.pid);
    await untilNobodys(folder);
    expect(old.exitCode).toBe(0);
    expect(isLocked()).toBe(false);
  });

  it('stays that of a controller that goes on', async () => {
    ownedBy((await runs(controller, 'setInterval(() => undefined, 1000)')).pid);
    // Real time: so long is waited for it.
    await untilNobodys(folder, 200);
    expect(isLocked()).toBe(true);
  });

  it('is nobody’s from the beginning', async () => {
    await untilNobodys(folder);
    expect(isLocked()).toBe(false);
  });
});
