import { SECOND } from '@latchkey/platform';
import { WebSocket } from 'undici';
import { z } from 'zod';
import type { LocalConnection } from '../local';
import type { Answer } from '../lock-gateway';

/** From this schema on locks of both command classes for codes are reached in one way; up to this one it was tried. */
const SCHEMA = { oldest: 48, newest: 50 };

/** So long a server may take to say who it is, and to tell of all nodes, ms. */
const GREETING_WITHIN = 15 * SECOND;
/** So often a quiet connection is tried, and so long the answer may take, ms: a socket may be dead and not know it. */
const HEARTBEAT = { every: 30 * SECOND, within: 15 * SECOND };

const version = z.object({
  type: z.literal('version'),
  homeId: z.number().nullish(),
  serverVersion: z.string(),
  minSchemaVersion: z.number(),
  maxSchemaVersion: z.number(),
});

const result = z.object({
  type: z.literal('result'),
  messageId: z.string(),
  success: z.boolean(),
  result: z.unknown().optional(),
  zwaveErrorCode: z.number().optional(),
  errorCode: z.union([z.string(), z.number()]).optional(),
});

const eventMessage = z.object({ type: z.literal('event'), event: z.record(z.string(), z.unknown()) });

/** What came of a request. `failed`: the driver's error number, where it gave one; its words may hold a PIN. */
export type Reply =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly code: number | null }
  | { readonly kind: 'no-answer' };

export type ZwaveEvent = Readonly<Record<string, unknown>>;

export interface SocketOptions {
  readonly onEvent: (event: ZwaveEvent) => void;
  readonly onClose: () => void;
}

interface Waiting {
  readonly settle: (reply: Reply) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to a Z-Wave JS server. Nothing that comes or goes here is ever logged: it may hold PINs. */
export class ZwaveSocket {
  /** The network that answers there. */
  homeId = 0;
  /** Of the server, with the schema that was agreed on. */
  version = '';
  private readonly waiting = new Map<string, Waiting>();
  private readonly heartbeat: NodeJS.Timeout;
  private lastId = 0;
  private open = true;

  private constructor(
    private readonly socket: WebSocket,
    private readonly options: SocketOptions,
  ) {
    socket.addEventListener('message', ({ data }) => this.take(data));
    socket.addEventListener('close', () => this.ended());
    socket.addEventListener('error', () => this.close());
    this.heartbeat = setInterval(() => void this.beat(), HEARTBEAT.every);
    this.heartbeat.unref();
  }

  /**
   * Connects and agrees on a schema. Answers what `start_listening` tells: all nodes as they are.
   * `refused`: there is a server, and it is too old, or too new.
   */
  static async connect(
    connection: LocalConnection,
    options: SocketOptions,
  ): Promise<Answer<{ readonly socket: ZwaveSocket; readonly state: unknown }>> {
    const opened = await greeted(connection);
    if (opened.kind !== 'answered') return opened;
    const { socket, greeting } = opened.value;
    const { minSchemaVersion: from, maxSchemaVersion: to, serverVersion } = greeting;
    if (to < SCHEMA.oldest || from > SCHEMA.newest) {
      socket.close();
      return unfit(serverVersion, to < SCHEMA.oldest);
    }
    const connected = new ZwaveSocket(socket, options);
    connected.homeId = greeting.homeId ?? 0;
    const schemaVersion = Math.min(to, SCHEMA.newest);
    connected.version = `${serverVersion}, schema ${schemaVersion}`;
    await connected.request('initialize', { schemaVersion }, GREETING_WITHIN);
    const listening = await connected.request('start_listening', {}, GREETING_WITHIN);
    if (listening.kind === 'done')
      return { kind: 'answered', value: { socket: connected, state: listening.result } };
    connected.close();
    return { kind: 'unreachable', message: 'Z-Wave JS does not tell of its nodes.' };
  }

  /** Sends a command, and waits for its answer so long, ms. Never rejects. */
  request(command: string, args: object, within: number): Promise<Reply> {
    if (!this.open) return Promise.resolve({ kind: 'failed', code: null });
    const messageId = String(++this.lastId);
    return new Promise((resolve) => {
      const settle = (reply: Reply) => {
        clearTimeout(timer);
        this.waiting.delete(messageId);
        resolve(reply);
      };
      const timer = setTimeout(() => settle({ kind: 'no-answer' }), within);
      this.waiting.set(messageId, { settle, timer });
      this.socket.send(JSON.stringify({ ...args, messageId, command }));
    });
  }

  close(): void {
    this.socket.close();
    this.ended();
  }

  private take(data: unknown): void {
    const message = parsed(data);
    const answer = result.safeParse(message);
    if (answer.success) {
      const { messageId, success, zwaveErrorCode: code = null } = answer.data;
      const reply: Reply = success ? { kind: 'done', result: answer.data.result } : { kind: 'failed', code };
      this.waiting.get(messageId)?.settle(reply);
      return;
    }
    const told = eventMessage.safeParse(message);
    if (told.success) this.options.onEvent(told.data.event);
  }

  private ended(): void {
    if (!this.open) return;
    this.open = false;
    clearInterval(this.heartbeat);
    for (const { settle } of [...this.waiting.values()]) settle({ kind: 'no-answer' });
    this.options.onClose();
  }

  private async beat(): Promise<void> {
    const reply = await this.request('get_log_config', {}, HEARTBEAT.within);
    if (reply.kind === 'no-answer') this.close();
  }
}

type Greeted = { readonly socket: WebSocket; readonly greeting: z.infer<typeof version> };

function greeted({ address = '', username, password }: LocalConnection): Promise<Answer<Greeted>> {
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  const headers = username || password ? { authorization: `Basic ${basic}` } : {};
  const socket = new WebSocket(address, { headers });
  return new Promise((resolve) => {
    const fail = (message: string) => {
      clearTimeout(timer);
      resolve({ kind: 'unreachable', message });
      socket.close();
    };
    const timer = setTimeout(() => fail('nothing answers there.'), GREETING_WITHIN);
    socket.addEventListener('error', () => fail('no WebSocket could be opened.'), { once: true });
    socket.addEventListener('close', () => fail('the connection was closed.'), { once: true });
    socket.addEventListener(
      'message',
      ({ data }) => {
        const greeting = version.safeParse(parsed(data));
        if (!greeting.success) return fail('what answers there is not a Z-Wave JS server.');
        clearTimeout(timer);
        resolve({ kind: 'answered', value: { socket, greeting: greeting.data } });
      },
      { once: true },
    );
  });
}

function unfit(serverVersion: string, tooOld: boolean): Extract<Answer<never>, { kind: 'refused' }> {
  const message = tooOld
    ? `Z-Wave JS server ${serverVersion} is too old: update Z-Wave JS (UI) to one that speaks schema ${SCHEMA.oldest}.`
    : `Z-Wave JS server ${serverVersion} no longer speaks schema ${SCHEMA.newest}: update Latchkey.`;
  return { kind: 'refused', errorCode: tooOld ? 'SCHEMA_TOO_OLD' : 'SCHEMA_TOO_NEW', message };
}

function parsed(data: unknown): unknown {
  try {
    return typeof data === 'string' ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}
