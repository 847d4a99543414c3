import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A server that a child process runs, and how to call it. */
export interface Target {
  readonly url: string;
  readonly apiKey: string;
  close(): void;
}

/** Starts `file` of this folder, hands it `given`, and waits until it says where it listens. */
export async function startChild(
  file: string,
  args: readonly string[] = [],
  given?: object,
): Promise<Target> {
  const child: ChildProcess = fork(join(__dirname, file), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  if (given) child.send(given);
  const target = await new Promise<{ url: string; apiKey: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { url: string; apiKey: string }));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return { ...target, close: () => void child.kill() };
}
