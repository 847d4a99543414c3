import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type Compiled } from '../testing/compiled';
import { ServerWorld } from '../testing/server-world';
import { LatchkeyProgram } from './testing/latchkey-program';

describe('on a disk that is full', () => {
  let world: ServerWorld;
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = compile();
    world = await ServerWorld.start();
  }, 60_000);
  afterAll(async () => {
    await world.stop();
    compiled.remove();
  });

  // Only root may mount a file system that is small enough.
  const onSmallDisk = process.getuid?.() === 0 ? test : test.skip;
  onSmallDisk(
    'an export is reported in one line, and can be made again when there is room',
    async () => {
      const disk = mkdtempSync(join(tmpdir(), 'latchkey-full-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk]);
      try {
        const program = new LatchkeyProgram(compiled, { DATA_DIR: world.dataDir });
        const file = join(disk, 'audit.jsonl');
        const rest = statfsSync(disk);
        writeFileSync(join(disk, 'others'), Buffer.alloc(rest.bavail * rest.bsize));
        const full = await program.run('audit', 'export', '--out', file);
        expect(full).toEqual({ code: 1, out: '', complaint: `${file}: the disk is full.` });
        expect(readdirSync(disk)).toEqual(['others']);
        rmSync(join(disk, 'others'));
        expect(await program.run('audit', 'export', '--out', file)).toMatchObject({ code: 0, complaint: '' });
        expect(await program.run('audit', 'check', file)).toMatchObject({ code: 0, complaint: '' });
      } finally {
        execFileSync('umount', [disk]);
        rmSync(disk, { recursive: true });
      }
    },
    60_000,
  );

  test('a list is reported in one line', () => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...compiled.env, DATA_DIR: world.dataDir };
    const program = compiled.path('apps/server/src/cli/latchkey.js');
    const full = openSync('/dev/full', 'w');
    const ran = spawnSync(process.execPath, [program, 'devices', 'list', '--csv'], {
      ...{ env, encoding: 'utf8' as const, stdio: ['ignore', full, 'pipe'] },
    });
    closeSync(full);
    expect([ran.status, ran.stderr]).toEqual([1, 'Standard output: the disk is full.\n']);
  }, 60_000);
});
