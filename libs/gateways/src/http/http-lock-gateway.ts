import { type z } from 'zod';
import {
  type AccountRef,
  type Answer,
  type ListedCode,
  type LockCode,
  type LockDescription,
  type LockGateway,
  type LockRef,
  type Refusal,
  type WriteAnswer,
} from '../lock-gateway';
import { notUnderstood } from './answers';
import { DescribedLocks } from './described-locks';
import { type ApiRequest, MakerApi, type MakerApiOptions } from './maker-api';
import { registerWebhook, unregisterWebhooks } from './webhooks';
import * as wire from './wire';

/**
 * Locks behind clouds that speak the HTTP API for lock makers, each account at the maker that it names.
 * Whatever the other side does is an answer; calls reject only if the token store does, and then nothing was
 * sent to a lock.
 */
export class HttpLockGateway implements LockGateway {
  readonly #api: MakerApi;
  readonly #options: MakerApiOptions;
  readonly #described = new DescribedLocks();

  constructor(options: MakerApiOptions) {
    this.#options = options;
    this.#api = new MakerApi(options);
  }

  async locks(account: AccountRef): Promise<Answer<LockDescription[]>> {
    const answer = await this.#api.call(account, { method: 'GET', path: ['locks'] });
    if (answer.kind !== 'ok') {
      if (answer.kind === 'unauthorized') this.#described.forget(account.accountId);
      return answer;
    }
    const configured = this.#options.makers.get(account.maker)?.capabilities;
    const now = this.#options.clock.now();
    const read = this.#described.read(account.accountId, answer, { configured, now });
    return 'issues' in read ? misread(this.#api, account, read) : { kind: 'answered', value: read };
  }

  async program(lock: LockRef, code: LockCode): Promise<WriteAnswer> {
    const answer = await this.#call(
      lock,
      {
        method: 'POST',
        path: ['locks', lock.lockId, 'access_codes'],
        body: wire.newCodeBody(code),
        secrets: [code.pin],
      },
      wire.createdAnswer,
    );
    return answer.kind === 'answered'
      ? { kind: 'accepted', lockCodeId: answer.value.access_code_id }
      : answer;
  }

  async change(lock: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    const answer = await this.#call(
      lock,
      {
        method: 'PATCH',
        path: ['access_codes', lockCodeId],
        body: wire.changedCodeBody(code),
        secrets: [code.pin],
      },
      wire.changedAnswer,
    );
    return accepted(answer, lockCodeId);
  }

  async remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    const request = { method: 'DELETE', path: ['access_codes', lockCodeId] } as const;
    return accepted(await this.#call(lock, request, wire.changedAnswer), lockCodeId);
  }

  async list(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const request = { method: 'GET', path: ['locks', lock.lockId, 'access_codes'] } as const;
    const answer = await this.#call(lock, request, wire.codesAnswer);
    return answer.kind === 'answered'
      ? { kind: 'answered', value: answer.value.access_codes.map(wire.readCode) }
      : answer;
  }

  /** The outcome comes as an `action-completed` report with the same action id. */
  async operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    const answer = await this.#call(
      lock,
      { method: 'POST', path: ['locks', lock.lockId, 'actions'], body: { action, custom_id: actionId } },
      wire.actionAnswer,
    );
    return answer.kind === 'answered'
      ? { kind: 'accepted', lockCodeId: answer.value.action_id ?? actionId }
      : answer;
  }

  /**
   * Has the maker report what the account's locks do to `url`. Calling it again with the same URL changes
   * nothing. Reports are not signed, so the URL should hold something that nobody can guess.
   */
  registerWebhook(account: AccountRef, url: string): Promise<Answer<{ webhookId: string }>> {
    return registerWebhook(this.#api, account, url);
  }

  /** Ends the account's webhooks whose URL ends so. */
  unregisterWebhooks(account: AccountRef, urlEnding: string): Promise<Answer<{ ended: number }>> {
    return unregisterWebhooks(this.#api, account, urlEnding);
  }

  /** Ends the account's grant at its maker; nothing can be done for the account after that. */
  revokeTokens(account: AccountRef): Promise<Answer<void>> {
    this.#described.forget(account.accountId);
    return this.#api.revoke(account);
  }

  /** Drops what is in flight and closes all connections. */
  close(): Promise<void> {
    return this.#api.close();
  }

  async #call<T>(account: AccountRef, request: ApiRequest, schema: z.ZodType<T>): Promise<Answer<T>> {
    const answer = await this.#api.call(account, request);
    if (answer.kind !== 'ok') return answer;
    const read = schema.safeParse(answer.body);
    if (read.success) return { kind: 'answered', value: read.data };
    return misread(this.#api, account, read.error);
  }
}

function accepted(answer: Answer<{ access_code_id?: string | null | undefined } | undefined>, asked: string) {
  return answer.kind === 'answered'
    ? ({ kind: 'accepted', lockCodeId: answer.value?.access_code_id ?? asked } as const)
    : answer;
}

/** Names the place and never the value, which may hold PINs. */
function misread(api: MakerApi, account: AccountRef, error: z.ZodError): Refusal {
  const maker = api.maker(account);
  if ('message' in maker) return maker;
  return notUnderstood(maker, error.issues[0]?.path.join('.') || 'not what was asked for');
}
