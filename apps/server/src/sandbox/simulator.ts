import { Agent, request } from 'undici';
import { z } from 'zod';

const clock = z.object({
  now: z.iso.datetime(),
  next_due_at: z.iso.datetime().nullable(),
});

const reach = z.object({ offline: z.boolean(), bridge_offline: z.boolean() });

/** What keeps a lock from being got through to. */
export type Reach = z.infer<typeof reach>;

const keypadAnswer = z.object({
  opens: z.boolean(),
  /** The lock's own id of the code. */
  access_code_id: z.string().nullable(),
  /** Of the report of it; null: the lock tells nobody. */
  event_id: z.string().nullable(),
});

export type KeypadAnswer = z.infer<typeof keypadAnswer>;

const refused = z.object({ error_code: z.string(), message: z.string() });

/** Why a lock does not do what it is asked. */
export type Refused = z.infer<typeof refused>;

/** There is no such simulated lock. */
export class NotSimulated extends Error {
  override readonly name = 'NotSimulated';
}

/** What of the lock cloud's simulator the sandbox itself uses. */
export class Simulator {
  private readonly agent = new Agent({ connections: 4, keepAliveTimeout: 60_000 });

  constructor(readonly url: string) {}

  /** What the lock cloud's clock reads, ms. */
  async clock(): Promise<number> {
    return Date.parse(clock.parse(await this.send('GET', '/simulator/clock')).now);
  }

  /**
   * Puts the lock cloud's clock: everything due up to there happens, each at its own instant.
   * @returns when something is due there next, ms; null: never
   */
  async setClock(now: number, running: boolean): Promise<number | null> {
    const answer = await this.post('/simulator/clock', { now: new Date(now).toISOString(), running });
    const { next_due_at } = clock.parse(answer);
    return next_due_at === null ? null : Date.parse(next_due_at);
  }

  /** A code to exchange for the tokens of a simulated account, in place of its owner's consent. */
  async authorize(account?: string): Promise<string> {
    const answer = await this.post('/simulator/authorizations', account === undefined ? {} : { account });
    return z.object({ code: z.string() }).parse(answer).code;
  }

  /** The simulated account that the sandbox begins with is this workspace's, and no other one's. */
  async own(workspaceId: string): Promise<void> {
    await this.post('/simulator/owners', { tenant: workspaceId });
  }

  /** Says where the lock cloud may send a browser back to; nowhere else does it send one. */
  async registerClient(
    client: { readonly clientId: string; readonly clientSecret: string },
    redirectUris: readonly string[],
  ): Promise<void> {
    const credentials = Buffer.from(
      [client.clientId, client.clientSecret].map(encodeURIComponent).join(':'),
    ).toString('base64');
    const { statusCode, body } = await request(`${this.url}/oauth/client`, {
      method: 'PUT',
      dispatcher: this.agent,
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: redirectUris }),
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`the lock cloud registers no addresses: ${statusCode}`);
  }

  /** @returns what is wrong with the lock then, as far as getting through to it goes */
  async setReach(lockId: string, change: Partial<Reach>): Promise<Reach> {
    const answer = await this.post(`/simulator/locks/${encodeURIComponent(lockId)}/faults`, change);
    return z.object({ faults: reach }).parse(answer).faults;
  }

  /** Somebody enters a PIN on a lock's keypad. */
  async enterPin(lockId: string, code: string): Promise<KeypadAnswer> {
    return keypadAnswer.parse(
      await this.post(`/simulator/locks/${encodeURIComponent(lockId)}/keypad`, { code }),
    );
  }

  /** Somebody locks a door by hand. */
  async lockByHand(lockId: string): Promise<Pick<KeypadAnswer, 'event_id'>> {
    const answer = await this.post(`/simulator/locks/${encodeURIComponent(lockId)}/turn`, { action: 'lock' });
    return keypadAnswer.pick({ event_id: true }).parse(answer);
  }

  /** The default account's locks are made again, as they were at the first start. */
  async reset(): Promise<void> {
    await this.post('/simulator/reset', {});
  }

  /** Somebody puts a code on a lock by hand. @returns why the lock does not take it; null: it has it now */
  async putCode(lockId: string, code: { name: string; code: string }): Promise<Refused | null> {
    const path = `/simulator/locks/${encodeURIComponent(lockId)}/codes`;
    const { status, body } = await this.ask('POST', path, code);
    return status < 300 ? null : refused.parse(body);
  }

  async removeLock(lockId: string): Promise<void> {
    await this.send('DELETE', `/simulator/locks/${encodeURIComponent(lockId)}`);
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  private post(path: string, body: object): Promise<unknown> {
    return this.send('POST', path, body);
  }

  private async send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const answer = await this.ask(method, path, body);
    if (answer.status === 404) throw new NotSimulated(`the lock cloud knows nothing of ${path}`);
    if (answer.status >= 300) throw new Error(`the lock cloud answered ${answer.status} to ${path}`);
    return answer.body;
  }

  private async ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
    const { statusCode, body: answer } = await request(this.url + path, {
      method,
      dispatcher: this.agent,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    return { status: statusCode, body: JSON.parse(await answer.text()) as unknown };
  }
}
