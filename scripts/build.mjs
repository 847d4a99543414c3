// Compiles apps/ and libs/ to dist/ with swc, and only when a source is newer than the last build:
// `npm start` runs this each time, and a start should not pay for a build that would change nothing.
// With --is-built it only says, by its exit code, whether a build would change nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Every command builds first, so this is where a Node that is too old is told in one line.
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);
const [oldest, minorOfOldest] = engines.node.replace('>=', '').split('.').map(Number);
if (major < oldest || (major === oldest && minor < minorOfOldest)) {
  console.error(
    `latchkey: Latchkey needs Node ${oldest}.${minorOfOldest} or later, and this is ${process.versions.node}.`,
  );
  process.exit(1);
}

const stamp = join(root, 'dist', '.built');

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time counts too: it changes when a file in it is removed.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

const sources = ['apps', 'libs', 'package-lock.json', '.swcrc', 'scripts/build.mjs'].map((name) =>
  join(root, name),
);
const changed = !existsSync(stamp) || Math.max(...sources.map(newest)) > statSync(stamp).mtimeMs;

// Who only asks does not build: the answer is the exit code.
if (process.argv.includes('--is-built')) process.exit(changed ? 1 : 0);

if (changed) {
  const started = Date.now();
  rmSync(join(root, 'dist', 'apps'), { recursive: true, force: true });
  rmSync(join(root, 'dist', 'libs'), { recursive: true, force: true });
  const swc = join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  execFileSync(
    process.execPath,
    [
      swc,
      'apps',
      'libs',
      '--out-dir',
      'dist',
      '--ignore',
      '**/*.spec.ts,**/upgrade/**',
      '--copy-files',
      '--quiet',
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  console.log(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
