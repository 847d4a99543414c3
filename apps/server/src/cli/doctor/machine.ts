import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '@latchkey/platform';
import { lastWallClock } from '../../start/watched-clock';
import { bad, checked, type Finding, type Found, ok, spanOf, warn } from './check';

const GB = 1e9;
/** With less free than this, bytes, something has to be done now; soon. */
const FREE_BAD = 0.2 * GB;
const FREE_WARN = 2 * GB;
/** A clock may be off by so much without doing harm, ms. */
const CLOCK_OFF_MS = 5_000;
const OF_OTHERS = 0o077;

/** What the server stands on: the folder, the disk, the clock. */
export function machineChecks(config: Config): Promise<Finding>[] {
  const { dataDir } = config;
  return [
    checked('data folder', `make ${dataDir} the server's own: chown and chmod 700`, () => folder(config)),
    checked('disk', 'see that the file system can be read', () => disk(dataDir)),
    checked('clock', 'set the clock of this machine, and keep it by NTP', () => clock(config)),
  ];
}

function folder({ dataDir, databaseUrl, vaultKey }: Config): Found {
  accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  const open = [dataDir, join(dataDir, 'vault.key')].filter(
    (path) => existsSync(path) && process.geteuid !== undefined && (statSync(path).mode & OF_OTHERS) !== 0,
  );
  if (open.length > 0)
    return bad(`${open.join(' and ')} can be used by other accounts`, `chmod go= ${open.join(' ')}`);
  if (databaseUrl === undefined && vaultKey === undefined && !existsSync(join(dataDir, 'vault.key')))
    return bad('the master key vault.key is not there', 'put it back from where it is kept');
  return ok(`${dataDir}, closed to other accounts`);
}

async function disk(dataDir: string): Promise<Found> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const found = `${(free / GB).toFixed(1)} GB free`;
  const advice = 'make room: with a full disk nothing more is acknowledged';
  return free < FREE_BAD ? bad(found, advice) : free < FREE_WARN ? warn(found, advice) : ok(found);
}

function clock({ sandbox, dataDir }: Config): Found {
  if (sandbox) return ok('a sandbox keeps its own');
  const latest = lastWallClock(dataDir);
  const back = latest === undefined ? 0 : latest - Date.now();
  if (back > CLOCK_OFF_MS)
    return bad(
      `it stands ${spanOf(back)} before what it read last`,
      'see whether it was put back, and keep it by NTP',
    );
  return ok(new Date().toISOString());
}

/** By a clock of another machine, how far ours is off, ms: ahead where it is above 0. */
export function agreesWith(whose: string, offMs: number): Found {
  if (Math.abs(offMs) <= CLOCK_OFF_MS) return ok(`as ${whose}`);
  const which = offMs > 0 ? 'ahead of' : 'behind';
  return warn(`${spanOf(Math.abs(offMs))} ${which} ${whose}`, 'keep both by NTP');
}

/** @returns the version in package.json, wherever the program was built to */
export function versionOfProgram(): string {
  for (let folder = __dirname; folder !== join(folder, '..'); folder = join(folder, '..')) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
