import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { AddressRefused, type AddressRules } from './addresses';
import { Names } from './names';

/** How long an endpoint may take to answer. */
export const ANSWER_WITHIN_MS = 15_000;
/** As much of an answer's body is taken in; the rest is of no interest. */
const BODY_LIMIT = 16 * 1024;

export interface Message {
  /** The same each time the message is sent: receivers tell repeats by it. */
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly body: string;
}

/** `reason` is for logs and never holds anything of the message. */
export type Sent = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Sends signed messages, as Svix does: the body as it is, its signature in headers. Redirects are not followed. */
export class Sender {
  private readonly agent: Agent;

  constructor(
    private readonly options: {
      /** Where messages may go. */
      readonly rules: AddressRules;
      /** True time, ms: receivers compare it with theirs. */
      readonly wall?: () => number;
      readonly answerWithinMs?: number;
    },
  ) {
    this.agent = new Agent({
      connect: { lookup: new Names(options.rules).lookup },
      // As many to one origin as there are messages under way: a silent endpoint must not keep others there waiting.
      connections: null,
      keepAliveTimeout: 30_000,
      maxHeaderSize: BODY_LIMIT,
    });
  }

  async send({ id, url, secret, body }: Message): Promise<Sent> {
    if (this.options.rules.refusalOf(url) !== null) return refused;
    const at = new Date(this.options.wall?.() ?? Date.now());
    const within = this.options.answerWithinMs ?? ANSWER_WITHIN_MS;
    try {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        dispatcher: this.agent,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Latchkey-Webhooks/1.0',
          'svix-id': id,
          'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
          'svix-signature': new Webhook(secret).sign(id, at, body),
        },
        body,
        signal: AbortSignal.timeout(within),
      });
      await answer.dump({ limit: BODY_LIMIT }).catch(() => undefined);
      return statusCode >= 200 && statusCode < 300
        ? { ok: true }
        : { ok: false, reason: `answered ${statusCode}` };
    } catch (error) {
      return failureOf(error);
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}

const refused: Sent = { ok: false, reason: 'address refused' };

function failureOf(error: unknown): Sent {
  if (error instanceof AddressRefused) return refused;
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError') return { ok: false, reason: 'no answer in time' };
  return { ok: false, reason: code ?? name ?? 'failed' };
}
