/** An answer that is not a success, with the API's word for what is wrong. */
export class Refused extends Error {
  constructor(
    path: string,
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(`${path} answers ${status} ${type}: ${message}`);
  }
}

export interface AccessCode {
  readonly access_code_id: string;
  readonly code: string | null;
  readonly status: string;
  readonly is_scheduled_on_device?: boolean;
  readonly errors: readonly { readonly error_code: string }[];
  readonly warnings: readonly { readonly warning_code: string }[];
}

export interface PublicEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly occurred_at: string;
}

/** The REST API, as any client would call it. Instants as ISO 8601. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly apiKey: string,
  ) {}

  /** @throws {Refused} for anything but a success */
  async post<T>(path: string, body: object = {}): Promise<T> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.apiKey}` },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as T & { error?: { type: string; message: string } };
    if (!response.ok) {
      throw new Refused(path, response.status, answer.error?.type ?? '?', answer.error?.message ?? '');
    }
    return answer;
  }

  /** Null for a code that is gone. */
  async accessCode(access_code_id: string): Promise<AccessCode | null> {
    try {
      const { access_code } = await this.post<{ access_code: AccessCode }>('/access_codes/get', {
        access_code_id,
      });
      return access_code;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  /** What integrations were told of a code, oldest first. */
  async eventsOf(access_code_id: string): Promise<PublicEvent[]> {
    return (await this.post<{ events: PublicEvent[] }>('/events/list', { access_code_id })).events;
  }

  async deviceNamed(name: string): Promise<string> {
    const { devices } = await this.post<{ devices: { device_id: string; display_name: string }[] }>(
      '/devices/list',
    );
    const found = devices.find((device) => device.display_name === name);
    if (!found) throw new Error(`there is no device ${name}`);
    return found.device_id;
  }

  /** ms */
  async now(): Promise<number> {
    const { clock } = await this.post<{ clock: { now: string } }>('/sandbox/clock/get');
    return Date.parse(clock.now);
  }

  async advanceTo(instant: number): Promise<void> {
    await this.post('/sandbox/clock/advance', { to: new Date(instant).toISOString() });
  }
}

export interface LockAtHand {
  readonly lock_id: string;
  readonly name: string;
  readonly codes: readonly {
    /** The lock's own id of it. */
    readonly access_code_id: string;
    readonly name: string;
    /** Left out where nobody but the keypad knows. */
    readonly code?: string;
  }[];
}

/** Somebody who stands before simulated locks: presses keys, changes codes by hand, pulls plugs. */
export interface LocksAtHand {
  named(name: string): Promise<LockAtHand>;
  /**
   * Whether the PIN opens the door.
   * @param at when it is typed, ms, by the clock of the lock; the lock cloud's have the server's
   */
  opens(lockId: string, code: string, at: number): Promise<boolean>;
  faults(lockId: string, faults: object): Promise<void>;
  addByHand(lockId: string, code: { name: string; code: string }): Promise<void>;
  changeByHand(lockId: string, lockCodeId: string, change: { code: string }): Promise<void>;
  removeByHand(lockId: string, lockCodeId: string): Promise<void>;
}

/** The same before the locks of the lock cloud. */
export class CloudLocksAtHand implements LocksAtHand {
  constructor(private readonly url: string) {}

  async named(name: string): Promise<LockAtHand> {
    const { locks } = await this.call<{ locks: LockAtHand[] }>('GET', '');
    const found = locks.find((lock) => lock.name === name);
    if (!found) throw new Error(`there is no lock ${name}`);
    return found;
  }

  async add(lock: { name: string; native_scheduling: boolean }): Promise<void> {
    await this.call('POST', '', { ...lock, faults: { latency_ms: 1000 } });
  }

  async opens(lockId: string, code: string): Promise<boolean> {
    return (await this.call<{ opens: boolean }>('POST', `/${lockId}/keypad`, { code })).opens;
  }

  async faults(lockId: string, faults: object): Promise<void> {
    await this.call('POST', `/${lockId}/faults`, faults);
  }

  async addByHand(lockId: string, code: { name: string; code: string }): Promise<void> {
    await this.call('POST', `/${lockId}/codes`, code);
  }

  async changeByHand(lockId: string, lockCodeId: string, change: { code: string }): Promise<void> {
    await this.call('PATCH', `/${lockId}/codes/${lockCodeId}`, change);
  }

  async removeByHand(lockId: string, lockCodeId: string): Promise<void> {
    await this.call('DELETE', `/${lockId}/codes/${lockCodeId}`);
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/simulator/locks${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as T & { error_code?: string; message?: string };
    if (!response.ok) {
      throw new Refused(path, response.status, answer.error_code ?? '?', answer.message ?? '');
    }
    return answer;
  }
}
