import { parseArgs } from 'node:util';
import { type NodeOptions, type RunningNode } from './node/node-options';
import { type ChildMessage } from './node/spawn-node';
import { startNode } from './node/start-node';
import { StartRefused } from './storage/database';

/** The node as a program: `--data DIR --port 2113 [--certs DIR]`, or DATA_DIR, PORT and CERT_DIR. */
async function main(): Promise<void> {
  const parent = process.send?.bind(process);
  let node: RunningNode;
  try {
    node = await startNode(optionsFrom(process.argv.slice(2), process.env));
  } catch (error) {
    const reason = error instanceof StartRefused ? error.message : String(error);
    if (parent) parent({ kind: 'refused', reason } satisfies ChildMessage);
    else console.error(`eventstore: ${reason}`);
    process.exitCode = 1;
    if (parent) process.disconnect();
    return;
  }
  const stop = (): void => void node.close();
  void node.closed.then(() => process.exit(0));
  process.once('SIGTERM', stop);
  if (parent) {
    // A Ctrl-C reaches the whole group; when to end is for the parent to say.
    process.on('SIGINT', () => undefined);
    process.once('disconnect', stop);
    const { port, connectionString } = node;
    parent({ kind: 'listening', port, connectionString } satisfies ChildMessage);
  } else {
    process.once('SIGINT', stop);
    console.log(`PORT ${node.port}`);
  }
}

function optionsFrom(args: string[], env: NodeJS.ProcessEnv): NodeOptions {
  const { values } = parseArgs({
    args,
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string' },
      certs: { type: 'string' },
      'max-append-size': { type: 'string' },
    },
  });
  const dataDir = values.data ?? env['DATA_DIR'];
  if (!dataDir) throw new StartRefused('say where the data is to be: --data DIR, or DATA_DIR');
  const maxAppendSize = values['max-append-size'] ?? env['EVENTSTORE_MAX_APPEND_SIZE'];
  return {
    dataDir,
    port: numberIn(values.port ?? env['PORT'] ?? '2113', 0, 65_535, 'the port'),
    host: values.host ?? env['EVENTSTORE_HOST'],
    certs: values.certs ?? env['CERT_DIR'],
    adminPassword: env['EVENTSTORE_DEFAULT_ADMIN_PASSWORD'],
    opsPassword: env['EVENTSTORE_DEFAULT_OPS_PASSWORD'],
    maxAppendSize:
      maxAppendSize === undefined
        ? undefined
        : numberIn(maxAppendSize, 1, 16 * 1024 * 1024, 'the largest append'),
  };
}

function numberIn(text: string, least: number, most: number, what: string): number {
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < least || number > most) {
    throw new StartRefused(`${what} must be a number from ${least} to ${most}, not '${text}'`);
  }
  return number;
}

void main();
