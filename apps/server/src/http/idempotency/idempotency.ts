import { changesNothing, type EdgeRequest, type Exchange, type SeamEndpoint } from '@latchkey/http';
import { ApiError, VAULT, type Vault } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiErrors } from '../api-errors';
import { IdempotencyRecords, type KeyedRequest } from './idempotency-records';
import { areOtherPins, pinsOfCodes, RememberedPins, withoutPins } from './request-pins';
import { openAnswer, sealAnswer } from './sealed-answer';

const HEADER = 'idempotency-key';
const REPLAYED = 'idempotent-replayed';
const LONGEST_KEY = 255;

/** What the endpoint does, and answers. */
type Work = () => Promise<object>;

interface RequestWithPins extends KeyedRequest {
  readonly pins: string | null;
}

/**
 * A request that comes again with the same Idempotency-Key and the same body is not done again: it is given the
 * first answer. Requests that were turned away before anything was done are not remembered, and neither is a fault of
 * ours or an outage: what was asked for is done, once, by the try that comes next.
 */
@Injectable()
export class Idempotency {
  private readonly remembered = new RememberedPins();

  constructor(
    private readonly records: IdempotencyRecords,
    private readonly errors: ApiErrors,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  /** Runs `work`, unless what the request asks for was answered before. @returns the answer */
  run(exchange: Exchange, endpoint: SeamEndpoint, work: Work): Promise<object> {
    const { request } = exchange;
    const key = request.headers[HEADER];
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (key === undefined || reads || !request.caller) return work();
    return this.once(String(key), exchange, endpoint, work);
  }

  private async once(
    key: string,
    { request, reply }: Exchange,
    endpoint: SeamEndpoint,
    work: Work,
  ): Promise<object> {
    if (key.length < 1 || key.length > LONGEST_KEY || !/^[\x20-\x7e]+$/.test(key)) {
      throw ApiError.invalidInput(`Idempotency-Key must be 1 to ${LONGEST_KEY} printable ASCII characters.`);
    }
    const keyed = this.keyed(key, request);
    // A PIN that it told, kept with its answer, might outlive its code.
    if (changesNothing(endpoint)) {
      if (await this.records.isAnothers(keyed)) throw reused();
      return work();
    }
    const claim = await this.records.claim(keyed);
    switch (claim.kind) {
      case 'under-way':
        throw ApiError.conflict(
          'idempotency_key_in_use',
          'A request with this Idempotency-Key is still under way.',
        );
      case 'late':
        throw ApiError.unavailable(
          'The request with this Idempotency-Key is still at work. Ask again, with the same key.',
        );
      case 'other-request':
        throw reused();
      case 'again':
        void reply.code(claim.status).header(REPLAYED, 'true');
        return (await openAnswer(this.vault, claim.body)) as object;
      case 'first':
        this.remembered.remember(claim.requestId, keyed.pins);
        // A claim that was left to the next try has the id of the first.
        request.caller = {
          ...request.caller!,
          requestId: claim.requestId,
          isFirstTry: claim.requestId === request.id,
        };
        return this.first(keyed, claim.keyId, request, work);
    }
  }

  private keyed(key: string, request: FastifyRequest & EdgeRequest): RequestWithPins {
    const { workspaceId } = request.caller!;
    const asked = [request.url.split('?', 1)[0], request.query, request.body ?? {}];
    const { rest, pins } = withoutPins(asked);
    const text = canonical(rest);
    return {
      ...{ workspaceId, key, pins, requestId: request.id },
      fingerprint: (keyId) => this.vault.fingerprintUnder(keyId, `${workspaceId}\n${text}`),
      hasOtherPins: async (firstRequestId, kept) =>
        this.remembered.areOthers(firstRequestId, pins) || (await areOtherPins(this.vault, pins, kept)),
    };
  }

  private async first(
    keyed: RequestWithPins,
    keyId: string,
    request: FastifyRequest,
    work: Work,
  ): Promise<object> {
    let body: object;
    try {
      body = await work();
    } catch (thrown) {
      const error = this.errors.from(thrown, request);
      if (error.status >= 500) await this.leaveToNext(keyed);
      else if (nothingDone(error)) await this.records.release(keyed);
      else await this.keep(keyed, keyId, { status: error.status, body: error.toBody(), about: [] });
      throw error;
    }
    await this.keep(keyed, keyId, { status: 200, body, about: [body, request.body] });
    return body;
  }

  /** @param answer `about`: what names the codes that the request's PINs go with */
  private async keep(
    keyed: RequestWithPins,
    keyId: string,
    { status, body, about }: { status: number; body: unknown; about: unknown[] },
  ): Promise<void> {
    try {
      const pins = keyed.pins === null ? [] : await pinsOfCodes(this.vault, keyed.pins, about);
      const sealed = await sealAnswer(this.vault, body, keyId);
      await this.records.answered(keyed, { status, body: sealed, pins });
    } catch (error) {
      await this.leaveToNext(keyed);
      throw error;
    }
  }

  /** The error that is answered is the one that came first. */
  private async leaveToNext(keyed: KeyedRequest): Promise<void> {
    await this.records.leaveToNext(keyed).catch(() => undefined);
  }
}

const reused = () =>
  new ApiError(422, 'idempotency_key_reused', 'This Idempotency-Key came with another request before.');

/** Whether the request was turned away before it had any effect. */
function nothingDone({ status }: ApiError): boolean {
  return [400, 401, 405, 413, 415, 429].includes(status);
}

/** JSON with the keys of objects in order, so that equal requests are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
