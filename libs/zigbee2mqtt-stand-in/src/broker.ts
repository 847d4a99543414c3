import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@latchkey/platform';

export interface BrokerOptions {
  /** The credentials that clients need. */
  readonly login?: { readonly username: string; readonly password: string };
  /** PEM files: it speaks TLS with this certificate. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** A private mosquitto: on a free port of this machine, with its files in a temporary folder. */
export class Broker {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly program: string,
    private readonly folder: string,
    readonly port: number,
    private readonly scheme: 'mqtt' | 'mqtts',
  ) {}

  /** The program, as scripts/mosquitto.sh names it, or where a package puts it. */
  static get program(): string {
    const named = process.env.MOSQUITTO;
    const usual = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path));
    return named ?? usual ?? 'mosquitto';
  }

  static async start({ login, tls }: BrokerOptions = {}): Promise<Broker> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-mqtt-'));
    const port = await freePort();
    const lines = [
      `listener ${port} 127.0.0.1`,
      ...['persistence false', 'log_dest none', 'set_tcp_nodelay true', 'max_queued_messages 10000'],
    ];
    // It gives up root's rights, and could not read its files after that.
    if (userInfo().uid === 0) lines.push('user root');
    if (login) {
      const file = join(folder, 'passwords');
      await writeFile(file, `${login.username}:${login.password}\n`, { mode: 0o600 });
      await run('mosquitto_passwd', ['-U', file]);
      lines.push('allow_anonymous false', `password_file ${file}`);
    } else {
      lines.push('allow_anonymous true');
    }
    if (tls) lines.push(`certfile ${tls.certFile}`, `keyfile ${tls.keyFile}`);
    await writeFile(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    const broker = new Broker(Broker.program, folder, port, tls ? 'mqtts' : 'mqtt');
    await broker.launch();
    return broker;
  }

  get address(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** Starts it again after `kill`, on the same port; what it kept is gone. */
  async launch(): Promise<void> {
    const child = spawn(this.program, ['-c', join(this.folder, 'mosquitto.conf')], { stdio: 'ignore' });
    this.child = child;
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`mosquitto ended with ${String(code)}`)));
    });
    failed.catch(() => undefined);
    await Promise.race([listening(this.port), failed]);
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    // Real time: the broker is another process, which does not say when it listens.
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('mosquitto does not listen');
}

function run(program: string, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${String(code)}`)),
    );
  });
}
