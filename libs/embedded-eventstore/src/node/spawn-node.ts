import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StartRefused } from '../storage/database';
import { type NodeAddresses, type SpawnedNode, type SpawnOptions } from './node-options';

/** What the child tells its parent. */
export type ChildMessage =
  ({ readonly kind: 'listening' } & NodeAddresses) | { readonly kind: 'refused'; readonly reason: string };

/** A child that does not end on request within this is killed, ms. What it acknowledged is on the disk. */
const STOP_WITHIN = 10_000;

/**
 * Runs the node as a child process, which ends with this one, however that ends; resolves once it listens. Compiled,
 * it runs the compiled program; from TypeScript (in tests) the same file through scripts/typescript.cjs.
 * @throws StartRefused in one line when the port is taken, the data folder is in use, or its file is damaged
 */
export async function spawnNode(options: SpawnOptions): Promise<SpawnedNode> {
  const child = spawn(process.execPath, [...programArguments(), ...nodeArguments(options)], {
    // Not the terminal's input, and not our standard output, which may be a protocol of its own.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: childEnvironment(),
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const { port, connectionString, caFile } = await listening(child);
  return { port, connectionString, caFile, pid: child.pid!, exited, close: () => stop(child, exited) };
}

/** The parent's settings, with keys and passwords among them, are for the parent. */
const PASSED_ON = ['PATH', 'NODE_PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'SystemRoot', 'TEMP'];

function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));
}

function programArguments(): string[] {
  const compiled = join(__dirname, '..', 'main.js');
  // Young objects are few, and copied as fast without the threads that would help: these take time from the server.
  return existsSync(compiled)
    ? ['--enable-source-maps', '--no-parallel-scavenge', compiled]
    : ['--require', join(__dirname, '../../../../scripts/typescript.cjs'), join(__dirname, '..', 'main.ts')];
}

function nodeArguments({ dataDir, port, host, access, certs, maxAppendSize }: SpawnOptions): string[] {
  return [
    ...['--data', dataDir],
    ...(port === undefined ? [] : ['--port', String(port)]),
    ...(access === undefined || access === 'logins' ? [] : [`--${access}`]),
    ...(host === undefined ? [] : ['--host', host]),
    ...(certs === undefined ? [] : ['--certs', certs]),
    ...(maxAppendSize === undefined ? [] : ['--max-append-size', String(maxAppendSize)]),
  ];
}

function listening(child: ChildProcess): Promise<NodeAddresses> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new StartRefused(`the event store ended (${signal ?? code}) before it listened`)),
    );
    child.once('message', (message: ChildMessage) => {
      if (message.kind === 'listening') resolve(message);
      else reject(new StartRefused(message.reason));
    });
  });
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  await exited;
  clearTimeout(timer);
}
