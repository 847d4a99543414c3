import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../../..');

/** The program as `npm run build` makes it. */
export interface Compiled {
  /** @param program within the repository, like apps/server/src/main.js */
  path(program: string): string;
  /** What a process that runs it needs in its environment. */
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

/** What was built from the sources as they are (`npm test` builds first); else compiled into a folder of the test's own. */
export function compile(): Compiled {
  return isBuilt() ? compiledIn(join(ROOT, 'dist')) : compiledAnew();
}

function isBuilt(): boolean {
  return spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--is-built']).status === 0;
}

function compiledAnew(): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compiled-'));
  const swc = join(ROOT, 'node_modules/@swc/cli/bin/swc.js');
  execFileSync(
    process.execPath,
    [swc, 'apps', 'libs', '--out-dir', folder, '--ignore', '**/*.spec.ts', '--copy-files', '--quiet'],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return compiledIn(folder, () => rmSync(folder, { recursive: true, force: true }));
}

function compiledIn(folder: string, remove: () => void = () => undefined): Compiled {
  return {
    path: (program) => join(folder, program),
    env: { NODE_PATH: join(ROOT, 'node_modules') },
    remove,
  };
}
