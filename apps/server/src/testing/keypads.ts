import { Agent, request } from 'undici';
import type { Api } from './api';

export interface CodeOnLock {
  readonly access_code_id: string;
  readonly name: string;
  readonly code: string;
  readonly starts_at: string | null;
  readonly ends_at: string | null;
  readonly status: 'pending' | 'active';
}

/** A simulated lock and the device that it is. */
export interface LockAndDevice {
  readonly lockId: string;
  readonly deviceId: string;
}

let made = 0;

/** The simulated locks, as somebody has them who stands before them. */
export class Keypads {
  private readonly agent = new Agent({ connections: 4 });

  constructor(
    private readonly url: string,
    private readonly api: Api,
  ) {}

  close(): Promise<void> {
    return this.agent.close();
  }

  /** One of the locks that the sandbox begins with. */
  async named(name: string): Promise<LockAndDevice> {
    const { locks } = await this.send<{ locks: { lock_id: string; name: string }[] }>(
      'GET',
      '/simulator/locks',
    );
    const { lock_id } = locks.find((lock) => lock.name === name)!;
    return { lockId: lock_id, deviceId: await this.api.deviceNamed(name) };
  }

  /** A lock of its own for a test. It schedules by itself unless set otherwise, and answers after a second. */
  async add(lock: Record<string, unknown> = {}): Promise<LockAndDevice> {
    const name = `Lock ${++made}`;
    const { lock: added } = await this.send<{ lock: { lock_id: string } }>('POST', '/simulator/locks', {
      name,
      native_scheduling: true,
      ...lock,
      faults: { latency_ms: 1000, ...(lock['faults'] as object | undefined) },
    });
    await this.api.settle();
    return { lockId: added.lock_id, deviceId: await this.api.deviceNamed(name) };
  }

  async opens({ lockId }: LockAndDevice, code: string): Promise<boolean> {
    const answer = await this.send<{ opens: boolean }>('POST', `/simulator/locks/${lockId}/keypad`, { code });
    return answer.opens;
  }

  /** What the lock holds. */
  async codes({ lockId }: LockAndDevice): Promise<CodeOnLock[]> {
    const { lock } = await this.send<{ lock: { codes: CodeOnLock[] } }>('GET', `/simulator/locks/${lockId}`);
    return lock.codes;
  }

  async faults({ lockId }: LockAndDevice, faults: Record<string, unknown>): Promise<void> {
    await this.send('POST', `/simulator/locks/${lockId}/faults`, faults);
    await this.api.settle();
  }

  /** Somebody else's hand on the lock: a new code. @returns its id there */
  async putByHand({ lockId }: LockAndDevice, name: string, code: string): Promise<string> {
    const path = `/simulator/locks/${lockId}/codes`;
    return (await this.send<{ access_code_id: string }>('POST', path, { name, code })).access_code_id;
  }

  async changeByHand({ lockId }: LockAndDevice, onLock: CodeOnLock, change: object): Promise<void> {
    await this.send('PATCH', `/simulator/locks/${lockId}/codes/${onLock.access_code_id}`, change);
  }

  async eraseByHand({ lockId }: LockAndDevice, onLock: CodeOnLock): Promise<void> {
    await this.send('DELETE', `/simulator/locks/${lockId}/codes/${onLock.access_code_id}`);
  }

  /** An account's owner has it in another workspace of the server too. */
  async shareAccount(account: string, workspaceId: string): Promise<void> {
    await this.send('POST', '/simulator/owners', { account, tenant: workspaceId });
  }

  async send<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T> {
    const answer = await request(this.url + path, {
      method,
      dispatcher: this.agent,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as T;
  }
}
