import type { Random } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api';

/** A code as it was last acknowledged. */
export interface KnownCode {
  readonly deviceId: string;
  readonly name: string;
  readonly pin: string;
}

interface Answered {
  readonly status: number;
  readonly body: { access_code?: { access_code_id: string }; error?: { type: string } };
}

/** The server promises an answer within 10 s; a machine that is busy is given some more, ms. */
const ANSWERED_WITHIN = 15_000;
/** It has so many codes at most, so that what is kept of them does not grow. */
const MOST_CODES = 8;

/**
 * An integration that does one thing after the other with its own codes and repeats each, with its Idempotency-Key,
 * until it is answered for good. Now and then it does not wait for an answer, as if that were lost.
 */
export class PersistentClient {
  /** What was acknowledged, by id. */
  readonly codes = new Map<string, KnownCode>();
  readonly deleted = new Set<string>();
  /** Whatever should not have been. */
  readonly faults: string[] = [];
  /** How many requests were answered for good, and how many tries that took. */
  done = 0;
  tries = 0;
  private stopping = false;

  /**
   * @param name no other client has it
   * @param nextPin a PIN that nobody has had
   */
  constructor(
    private readonly api: Api,
    private readonly name: string,
    private readonly devices: readonly string[],
    private readonly nextPin: () => string,
    private readonly random: Random,
  ) {}

  /** Works until `stop`, and then until what it has begun is answered. */
  async work(): Promise<void> {
    while (!this.stopping) {
      const known = [...this.codes.keys()];
      const id = known[this.random.int(Math.max(1, known.length))];
      const choice = this.random.int(10);
      if (id === undefined || (choice < 5 && known.length < MOST_CODES)) await this.create();
      else if (choice < 7) await this.update(id);
      else if (choice < 8) await this.read(id);
      else await this.remove(id);
    }
  }

  stop(): void {
    this.stopping = true;
  }

  private async create(): Promise<void> {
    const wanted = {
      deviceId: this.pick(this.devices),
      name: `${this.name} ${this.done}`,
      pin: this.nextPin(),
    };
    const { deviceId: device_id, name, pin: code } = wanted;
    const { body } = await this.persist('/access_codes/create', { device_id, name, code });
    const id = body.access_code?.access_code_id;
    if (id === undefined) return;
    if (this.codes.has(id)) this.faults.push(`one code for two creations: ${id}`);
    this.codes.set(id, wanted);
  }

  private async update(access_code_id: string): Promise<void> {
    const code = this.codes.get(access_code_id)!;
    const change =
      this.random.int(2) === 0 ? { name: `${this.name} ${this.done}` } : { code: this.nextPin() };
    const { status } = await this.persist('/access_codes/update', { access_code_id, ...change });
    if (status !== 200) return;
    const { name = code.name, code: pin = code.pin } = change as { name?: string; code?: string };
    this.codes.set(access_code_id, { ...code, name, pin });
  }

  private async remove(access_code_id: string): Promise<void> {
    // Half of them as Seam's newer SDK does, without a key.
    const byVerb = this.random.int(2) === 0;
    const { status } = await this.persist(
      '/access_codes/delete',
      { access_code_id },
      byVerb ? 'DELETE' : 'POST',
    );
    if (status !== 200) return;
    this.codes.delete(access_code_id);
    this.deleted.add(access_code_id);
  }

  private async read(access_code_id: string): Promise<void> {
    await this.persist('/access_codes/get', { access_code_id });
  }

  /** Tries until there is an answer that is no outage. Anything but a success is a fault. */
  private async persist(path: string, params: object, verb: 'POST' | 'DELETE' = 'POST'): Promise<Answered> {
    const key = randomUUID();
    for (;;) {
      this.tries++;
      const answer = await this.attempt(path, params, { verb, key });
      const passes = answer === undefined || answer.status === 503 || isUnderWay(answer);
      if (!passes) {
        if (answer.status !== 200)
          this.faults.push(`${path} ${JSON.stringify(params)}: ${answer.status} ${answer.body.error?.type}`);
        this.done++;
        return answer;
      }
      // Real time: the network and the servers behind it are real, and recover by the machine's clock.
      await delay(50 + this.random.int(250));
    }
  }

  private async attempt(
    path: string,
    params: object,
    { verb, key }: { verb: 'POST' | 'DELETE'; key: string },
  ): Promise<Answered | undefined> {
    const isLost = this.random.int(10) === 0;
    const within = isLost ? 1 + this.random.int(100) : ANSWERED_WITHIN;
    const query = new URLSearchParams(params as Record<string, string>).toString();
    const body = { method: 'POST', body: JSON.stringify(params) };
    const headers = {
      authorization: `Bearer ${this.api.key}`,
      ...(verb === 'POST' ? { 'content-type': 'application/json', 'idempotency-key': key } : {}),
    };
    try {
      const answer = await fetch(`${this.api.url}${path}${verb === 'POST' ? '' : `?${query}`}`, {
        ...(verb === 'POST' ? body : { method: verb }),
        headers,
        signal: AbortSignal.timeout(within),
      });
      return { status: answer.status, body: (await answer.json()) as Answered['body'] };
    } catch (error) {
      if (!isLost) this.faults.push(`${path} was not answered: ${String(error)}`);
      return undefined;
    }
  }

  private pick<T>(some: readonly T[]): T {
    return some[this.random.int(some.length)]!;
  }
}

const isUnderWay = ({ status, body }: Answered): boolean =>
  status === 409 && body.error?.type === 'idempotency_key_in_use';
