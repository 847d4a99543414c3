import { parseArgs } from 'node:util';
import { type NodeOptions, type RunningNode } from './node/node-options';
import { type ChildMessage } from './node/spawn-node';
import { startNode } from './node/start-node';
import { StartRefused } from './storage/database';

const USAGE = `Usage: eventstore --data DIR [--port N] [--host ADDRESS] [--certs DIR] [--max-append-size BYTES]
                  [--insecure | --private]
  --data DIR         the folder of its file (DATA_DIR)
  --port N           2113 if not given; 0 picks one (PORT)
  --host ADDRESS     127.0.0.1 if not given (EVENTSTORE_HOST)
  --certs DIR        a folder with ca.crt, node.crt, node.key, in place of certificates of its own (CERT_DIR)
  --insecure         no TLS and no login: anyone who reaches the port may do everything
  --private          everything by the Unix socket node.sock in DIR; subscribers alone by the port
The passwords of a new database: EVENTSTORE_DEFAULT_ADMIN_PASSWORD, EVENTSTORE_DEFAULT_OPS_PASSWORD.`;

/** The node as a program, by itself or as a child: then its parent says when it ends. */
async function main(): Promise<void> {
  // What it writes is for its own account alone.
  process.umask(0o077);
  // A parent that has gone meanwhile is told nothing; its absence ends the node.
  const parent =
    process.send && ((message: ChildMessage) => void process.send!(message, undefined, {}, () => undefined));
  let node: RunningNode;
  try {
    const options = optionsFrom(process.argv.slice(2), process.env);
    if (options === 'help') return console.log(USAGE);
    node = await startNode(options);
  } catch (error) {
    const reason = error instanceof StartRefused ? error.message : String(error);
    if (parent) parent({ kind: 'refused', reason } satisfies ChildMessage);
    else console.error(`eventstore: ${reason}`);
    process.exitCode = 1;
    if (parent) process.disconnect();
    return;
  }
  for (const notice of node.notices) console.error(`eventstore: ${notice}`);
  const stop = (): void => void node.close();
  void node.closed.then(() => process.exit(0));
  if (parent) {
    // A Ctrl-C reaches the whole group, and a service that is stopped all of its processes; when to end is for the
    // parent to say, which answers first what it was asked.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => undefined);
    process.once('disconnect', stop);
    const { port, connectionString, caFile } = node;
    parent({ kind: 'listening', port, connectionString, caFile } satisfies ChildMessage);
  } else {
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    console.log(`PORT ${node.port}`);
  }
}

function optionsFrom(args: string[], env: NodeJS.ProcessEnv): NodeOptions | 'help' {
  const values = valuesOf(args);
  if (values.help) return 'help';
  const dataDir = values.data ?? env['DATA_DIR'];
  if (!dataDir) throw new StartRefused('say where the data is to be: --data DIR, or DATA_DIR');
  if (values.insecure && values.private)
    throw new StartRefused('--insecure and --private exclude each other');
  const maxAppendSize = values['max-append-size'] ?? env['EVENTSTORE_MAX_APPEND_SIZE'];
  const port = values.port ?? env['PORT'] ?? (values.private ? undefined : '2113');
  return {
    dataDir,
    port: port === undefined ? undefined : numberIn(port, 0, 65_535, 'the port'),
    access: values.insecure ? 'insecure' : values.private ? 'private' : 'logins',
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

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        certs: { type: 'string' },
        'max-append-size': { type: 'string' },
        insecure: { type: 'boolean' },
        private: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new StartRefused(`${(error as Error).message}\n${USAGE}`);
  }
}

function numberIn(text: string, least: number, most: number, what: string): number {
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < least || number > most) {
    throw new StartRefused(`${what} must be a number from ${least} to ${most}, not '${text}'`);
  }
  return number;
}

void main();
