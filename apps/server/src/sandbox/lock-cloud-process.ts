import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { programArguments, StartupError } from '@latchkey/platform';
import { ownAddress } from './own-address';

const LOCK_CLOUD = join(__dirname, '../../../lock-cloud/src/main');

export interface LockCloudProcess {
  readonly url: string;
  /** Resolves when the process ends for any reason. */
  readonly exited: Promise<number | null>;
  close(): Promise<void>;
}

const STOP_WITHIN_MS = 1_500;

/** The server's own settings, with keys and passwords among them, are not for its child. */
const PASSED_ON = ['PATH', 'NODE_PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'SystemRoot', 'TEMP'];

/**
 * Runs the lock cloud as a child process, which ends with this one, however that ends.
 * @throws {StartupError} with the line that the lock cloud gave as its reason
 */
export async function spawnLockCloud(options: {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly resetClock: boolean;
}): Promise<LockCloudProcess> {
  const child = spawn(process.execPath, programArguments(LOCK_CLOUD), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]])),
      HOST: options.host,
      LOCK_CLOUD_PORT: String(options.port),
      LOCK_CLOUD_DATA: options.dataDir,
      LOCK_CLOUD_CLIENT_ID: options.clientId,
      LOCK_CLOUD_CLIENT_SECRET: options.clientSecret,
      LOCK_CLOUD_RESET_CLOCK: String(options.resetClock),
      LOCK_CLOUD_ENDS_WITH_PARENT: 'true',
    },
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const port = await listening(child);
  // What it prints later is passed on to the server's output.
  child.stderr!.pipe(process.stderr);
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  };
  return { url: ownAddress(options.host, port), exited, close };
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    let complaint = '';
    child.once('error', reject);
    child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    child.once('exit', () => {
      // The lock cloud does not know by which setting it was given its port.
      const reason = complaint.trim().replace(/\bPort (?=\d)/, 'LOCK_CLOUD_PORT ');
      reject(new StartupError(reason || 'The lock cloud ended before it listened.'));
    });
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const match = /^PORT (\d+)$/m.exec(said);
      if (match) resolve(Number(match[1]));
    });
  });
}
