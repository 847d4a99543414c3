import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../../..');

/** The program as `npm run build` makes it, in a folder of a test's own. */
export interface Compiled {
  /** @param program within the repository, like apps/server/src/main.js */
  path(program: string): string;
  /** What a process that runs it needs in its environment. */
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

export function compile(): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compiled-'));
  const swc = join(ROOT, 'node_modules/@swc/cli/bin/swc.js');
  execFileSync(
    process.execPath,
    [swc, 'apps', 'libs', '--out-dir', folder, '--ignore', '**/*.spec.ts', '--copy-files', '--quiet'],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return {
    path: (program) => join(folder, program),
    env: { NODE_PATH: join(ROOT, 'node_modules') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
