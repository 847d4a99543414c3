import { type LockCloud, type LockCloudOptions, startLockCloud } from '../index';

/** Ten o'clock on some day: where the clock of the tests stands at first. */
export const TEN = Date.parse('2026-03-02T10:00:00.000Z');
export const at = (msAfterTen: number) => new Date(TEN + msAfterTen).toISOString();

/** The fields of the cloud's answers that tests look at by name; which are there depends on the call. */
export interface Body {
  access_code_id: string;
  code: string;
  access_token: string;
  refresh_token: string;
  webhook_id: string;
  error_code: string;
  opens: boolean;
  activity: number;
  lock: { lock_id: string };
  locks: { lock_id: string; name: string }[];
  access_codes: Record<string, unknown>[];
  [field: string]: unknown;
}

export interface Answer {
  status: number;
  body: Body;
}

/** The one address that the tests' client has registered. */
export const BACK = 'http://127.0.0.1:9/callback?from=maker';

export const client = { clientId: 'the-client', clientSecret: 'the-secret' };

/** A running cloud, the calls one makes to it, and a token for an account. */
export class CloudClient {
  private token = '';

  private constructor(private readonly cloud: LockCloud) {}

  static async start(options: Partial<LockCloudOptions> = {}): Promise<CloudClient> {
    const clock = { now: TEN, running: false };
    const cloud = await startLockCloud({
      port: 0,
      dataDir: ':memory:',
      locks: 'none',
      clock,
      redirectUris: [BACK],
      ...client,
      ...options,
    });
    const client_ = new CloudClient(cloud);
    await client_.authorize();
    return client_;
  }

  get url(): string {
    return this.cloud.url;
  }

  close(): Promise<void> {
    return this.cloud.close();
  }

  /** Takes a token for the account (without a name, the first one) for the calls that follow. */
  async authorize(account?: string): Promise<Answer> {
    const { body } = await this.call('POST', '/simulator/authorizations', { account });
    const tokens = await this.requestToken({ grant_type: 'authorization_code', code: body.code });
    this.token = tokens.body.access_token;
    return tokens;
  }

  get accessToken(): string {
    return this.token;
  }

  useToken(token: string): void {
    this.token = token;
  }

  async requestToken(form: Record<string, string>): Promise<Answer> {
    const { clientId: client_id, clientSecret: client_secret } = client;
    const body = new URLSearchParams({ client_id, client_secret, ...form });
    const response = await fetch(`${this.url}/oauth/token`, { method: 'POST', body });
    return { status: response.status, body: (await response.json()) as Body };
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  async addLock(lock: Record<string, unknown> = {}): Promise<string> {
    const { body } = await this.call('POST', '/simulator/locks', { name: 'Door', ...lock });
    return body.lock.lock_id;
  }

  /** Puts the clock to so many ms after ten, where it stands still. */
  advance(msAfterTen: number): Promise<Answer> {
    return this.call('POST', '/simulator/clock', { now: at(msAfterTen), running: false });
  }

  faults(lockId: string, faults: Record<string, unknown>): Promise<Answer> {
    return this.call('POST', `/simulator/locks/${lockId}/faults`, faults);
  }

  create(lockId: string, code: Record<string, unknown>): Promise<Answer> {
    return this.call('POST', `/locks/${lockId}/access_codes`, { name: 'Guest', ...code });
  }

  update(accessCodeId: string, change: Record<string, unknown>): Promise<Answer> {
    return this.call('PATCH', `/access_codes/${accessCodeId}`, change);
  }

  delete(accessCodeId: string): Promise<Answer> {
    return this.call('DELETE', `/access_codes/${accessCodeId}`);
  }

  async codes(lockId: string): Promise<Record<string, unknown>[]> {
    return (await this.call('GET', `/locks/${lockId}/access_codes`)).body.access_codes;
  }

  async opens(lockId: string, code: string): Promise<boolean> {
    return (await this.call('POST', `/simulator/locks/${lockId}/keypad`, { code })).body.opens;
  }

  subscribe(url: string, events?: string[]): Promise<Answer> {
    const all = [
      'access_code.created',
      'access_code.updated',
      'access_code.deleted',
      'device.added',
      'device.removed',
    ];
    const more = ['device.online', 'device.offline', 'device.time_wrong', 'lock.action_completed'];
    const used = ['access_code.used', 'access_code.incorrect_attempt'];
    return this.call('POST', '/webhooks', { url, events: events ?? [...all, ...more, ...used] });
  }
}
