import type { Caller } from '@latchkey/event-sourcing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Query } from '../params/query';
import { readParams } from '../params/read-params';

/** What the edge stores on a request; only its admission writes it. */
export interface EdgeRequest {
  readonly query: Query;
  readonly body: unknown;
  caller?: Caller;
  /** Whether the caller still has access: for long answers. */
  isStillAllowed?: () => Promise<boolean>;
}

/** A request to an endpoint, and what it is answered by. */
export interface Exchange {
  readonly request: FastifyRequest & EdgeRequest;
  readonly reply: FastifyReply;
}

/** Reads one argument of an endpoint's method from its request. */
export type ArgumentReader = (exchange: Exchange) => unknown;

const ARGUMENTS = 'latchkey:arguments';
const ANSWERS_ITSELF = 'latchkey:answers-itself';

/** Declares an argument of a method with @SeamRoute. */
export function argument(read: ArgumentReader): ParameterDecorator {
  return (controller, method, index) => {
    const declared = argumentsOf(controller, method!);
    const readers = [...declared];
    readers[index] = read;
    Reflect.defineMetadata(ARGUMENTS, readers, controller, method!);
  };
}

/** How each argument of a controller's method is read, in order. @param controller its prototype */
export function argumentsOf(controller: object, method: string | symbol): readonly ArgumentReader[] {
  return (Reflect.getMetadata(ARGUMENTS, controller, method) as ArgumentReader[] | undefined) ?? [];
}

/** The request's parameters, read and checked as the given class declares them. */
export const Params = (type: new () => object): ParameterDecorator =>
  argument(({ request }) => readParams(type, request));

/** A header of the request; undefined where it was not sent. */
export const Header = (name: string): ParameterDecorator => argument(({ request }) => request.headers[name]);

/** The caller that the API key belongs to. */
export const By = (): ParameterDecorator =>
  argument(({ request: { caller } }): Caller => caller ?? letThroughUnasked());

/** Whether the request's API key is still valid: for long answers. */
export const StillAllowed = (): ParameterDecorator =>
  argument(
    ({ request: { isStillAllowed } }): (() => Promise<boolean>) => isStillAllowed ?? letThroughUnasked(),
  );

/** Aborts when the client has disconnected before the answer. */
export const Abandoned = (): ParameterDecorator =>
  argument(({ reply: { raw } }): AbortSignal => {
    const gone = new AbortController();
    raw.once('close', () => {
      if (!raw.writableEnded) gone.abort();
    });
    return gone.signal;
  });

/** The verb by which the endpoint was asked. */
export const AskedBy = (): ParameterDecorator => argument(({ request }): string => request.method);

/** The reply, for a method that answers by it and not by what it returns. */
export const Reply = (): ParameterDecorator => (controller, method, index) => {
  Reflect.defineMetadata(ANSWERS_ITSELF, true, controller, method!);
  argument(({ reply }) => reply)(controller, method, index);
};

/** Whether a method answers by its `Reply`. @param controller its prototype */
export function answersItself(controller: object, method: string | symbol): boolean {
  return Reflect.getMetadata(ANSWERS_ITSELF, controller, method) === true;
}

function letThroughUnasked(): never {
  throw new Error('The request was let through without asking who it is from.');
}
