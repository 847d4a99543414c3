import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';

const NEW_LINE = 10;

/** A server of its own in a throw-away folder, its clock standing still, as a user would start it. */
export class RunningServer {
  private readonly agent = new Agent({
    connections: 64,
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  private constructor(
    readonly url: string,
    readonly cloudUrl: string,
    readonly apiKey: string,
    private readonly child: ChildProcess,
    private readonly thrownAway: string | undefined,
  ) {}

  /**
   * @param given a data folder that stays, and the API key of its sandbox; left out: a folder and a key of its own
   * @returns once it is ready
   */
  static async start(given?: { readonly folder: string; readonly apiKey: string }): Promise<RunningServer> {
    const folder = given?.folder ?? mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
    const apiKey = given?.apiKey ?? `seam_${randomUUID()}`;
    const child = spawn(process.execPath, startArguments(), {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        DATA_DIR: folder,
        PORT: '0',
        EVENTSTORE_PORT: '0',
        LOCK_CLOUD_PORT: '0',
        SANDBOX_API_KEY: apiKey,
        SANDBOX_CLOCK: 'manual',
        LOG_LEVEL: 'warn',
      },
    });
    const said = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (/listens on .*\n/.test(text)) resolve(text);
      });
    });
    const find = (pattern: RegExp): string => pattern.exec(said)![1]!;
    return new RunningServer(
      find(/listens on (\S+)/),
      find(/lock cloud\s+(http:\/\/[^/\s]+)/),
      apiKey,
      child,
      given ? undefined : folder,
    );
  }

  /** One call of the API. Throws on anything but success. */
  api<T>(path: string, body: object = {}): Promise<T> {
    return this.call('POST', this.url + path, body, { authorization: `Bearer ${this.apiKey}` });
  }

  /** One call that answers with lines. @returns how many there were */
  async lines(path: string, body: object, accept: string): Promise<number> {
    const answer = await request(this.url + path, {
      method: 'POST',
      dispatcher: this.agent,
      headers: { accept, authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode}`);
    let count = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>)
      for (const byte of chunk) if (byte === NEW_LINE) count++;
    return count;
  }

  /** One call of the lock cloud's simulator. */
  simulate<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    return this.call(method, this.cloudUrl + path, body, {});
  }

  /** CPU time that the server's own process has used; 0 where the system does not tell. */
  cpuSeconds(): number {
    try {
      const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      return 0;
    }
  }

  /** The most memory that the server's own process has held, bytes; 0 where the system does not tell. */
  peakMemory(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /**
   * What a process holds in memory now, bytes; 0 where the system does not tell.
   * @param child the server's child that runs such a program; left out: the server itself
   */
  residentMemory(child?: string): number {
    try {
      const status = readFileSync(
        `/proc/${child === undefined ? this.pid : this.childWith(child)}/status`,
        'utf8',
      );
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  private childWith(program: string): string {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim().split(' ');
    return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)) ?? '';
  }

  get pid(): number {
    return this.child.pid!;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    await this.agent.close();
    if (this.thrownAway) rmSync(this.thrownAway, { recursive: true, force: true });
  }

  private async call<T>(
    method: 'GET' | 'POST',
    url: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<T> {
    const answer = await request(url, {
      method,
      dispatcher: this.agent,
      headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  }
}

/** What `npm start` gives to Node. */
function startArguments(): string[] {
  const root = join(__dirname, '../../../../..');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly start: string };
  };
  const [, given = ''] = /^exec node (.+)$/.exec(scripts.start) ?? [];
  return given.split(' ').map((each) => (each.endsWith('.js') ? join(root, each) : each));
}
