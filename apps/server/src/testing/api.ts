import type { SeamAccessCode } from '@latchkey/access-codes';
import type { SeamDevice } from '@latchkey/devices';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T & {
    ok: boolean;
    error?: { type: string; message: string; validation_errors?: Record<string, { _errors: string[] }> };
  };
}

/** A public event as it is listed. */
export interface ListedEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly access_code_id?: string;
  readonly occurred_at: string;
  readonly code?: string | null;
  readonly [field: string]: unknown;
}

/** An advance that finds no end is a fault, not a reason to wait. */
const ANSWER_WITHIN_MS = 25_000;

/** The REST API, as an integration calls it. Instants in ms on this side. */
export class Api {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  async call<T = Record<string, unknown>>(path: string, params: object = {}): Promise<Answer<T>> {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(params),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { status: answer.status, body: (await answer.json()) as Answer<T>['body'] };
  }

  /** The answer's body. @throws when it is not a success */
  async ask<T = Record<string, unknown>>(path: string, params: object = {}): Promise<T> {
    const { status, body } = await this.call<T>(path, params);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body.error)}`);
    return body;
  }

  /** Asks for a code. Windows in ms. */
  async create(
    params: { device_id: string; starts_at?: number; ends_at?: number } & Record<string, unknown>,
  ): Promise<SeamAccessCode> {
    return (await this.ask<{ access_code: SeamAccessCode }>('/access_codes/create', withIsoInstants(params)))
      .access_code;
  }

  async get(access_code_id: string): Promise<SeamAccessCode> {
    return (await this.ask<{ access_code: SeamAccessCode }>('/access_codes/get', { access_code_id }))
      .access_code;
  }

  /** What `get` answers: a status of the code, or 404. */
  async status(access_code_id: string): Promise<string | 404> {
    const { status, body } = await this.call<{ access_code: SeamAccessCode }>('/access_codes/get', {
      access_code_id,
    });
    if (status === 404) return 404;
    return body.access_code.status;
  }

  async update(access_code_id: string, params: Record<string, unknown>): Promise<void> {
    await this.ask('/access_codes/update', { access_code_id, ...withIsoInstants(params) });
  }

  async delete(access_code_id: string): Promise<void> {
    await this.ask('/access_codes/delete', { access_code_id });
  }

  async devices(): Promise<SeamDevice[]> {
    return (await this.ask<{ devices: SeamDevice[] }>('/devices/list')).devices;
  }

  async deviceNamed(name: string): Promise<string> {
    const device = (await this.devices()).find((one) => one.properties.name === name);
    if (!device) throw new Error(`there is no device named ${name}`);
    return device.device_id;
  }

  /** The public events of a code, oldest first. */
  async events(access_code_id: string): Promise<ListedEvent[]> {
    const { events } = await this.ask<{ events: ListedEvent[] }>('/events/list', {
      access_code_id,
      since: '2000-01-01T00:00:00Z',
    });
    return events;
  }

  async eventTypes(access_code_id: string): Promise<string[]> {
    return (await this.events(access_code_id)).map(({ event_type }) => event_type);
  }

  async now(): Promise<number> {
    const { clock } = await this.ask<{ clock: { now: string } }>('/sandbox/clock/get');
    return Date.parse(clock.now);
  }

  /** Everything that falls due on the way is played. @returns the reading then */
  async advanceTo(instant: number): Promise<number> {
    return this.advanced({ to: new Date(instant).toISOString() });
  }

  async advance(by: number): Promise<number> {
    return this.advanced({ by: `PT${by / 1000}S` });
  }

  /** What is due now is done. */
  settle(): Promise<number> {
    return this.advance(0);
  }

  private async advanced(params: { to: string } | { by: string }): Promise<number> {
    const { clock } = await this.ask<{ clock: { now: string } }>('/sandbox/clock/advance', params);
    return Date.parse(clock.now);
  }
}

function withIsoInstants(params: Record<string, unknown>): Record<string, unknown> {
  const iso = (value: unknown) => (typeof value === 'number' ? new Date(value).toISOString() : value);
  return {
    ...params,
    ...('starts_at' in params ? { starts_at: iso(params['starts_at']) } : {}),
    ...('ends_at' in params ? { ends_at: iso(params['ends_at']) } : {}),
  };
}
