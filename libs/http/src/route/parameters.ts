import type { ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Query } from '../params/query';
import { readParams } from '../params/read-params';
import type { Caller } from '@latchkey/event-sourcing';

/** What the edge keeps on a request; only its guard writes it. */
export interface EdgeRequest {
  readonly query: Query;
  readonly body: unknown;
  caller?: Caller;
  /** Whether the caller would still be let in: for answers that go on for long. */
  isStillAllowed?: () => Promise<boolean>;
}

/** The request's parameters, read and checked as the given class declares them. */
export const Params = createParamDecorator((type: new () => object, context: ExecutionContext) =>
  readParams(type, context.switchToHttp().getRequest<EdgeRequest>()),
);

/** Aborts when whoever asked has gone away before the answer. */
export const Abandoned = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const { raw } = context.switchToHttp().getResponse<{ raw: ServerResponse }>();
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableEnded) gone.abort();
  });
  return gone.signal;
});

/** Whether the API key that let the request in is still good: for answers that go on for long. */
export const StillAllowed = createParamDecorator(
  (_: unknown, context: ExecutionContext): (() => Promise<boolean>) => {
    const { isStillAllowed } = context.switchToHttp().getRequest<EdgeRequest>();
    if (!isStillAllowed) throw new Error('The request was let through without asking who it is from.');
    return isStillAllowed;
  },
);

/** Who is asking: whom the API key belongs to. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<EdgeRequest>();
  if (!caller) throw new Error('The request was let through without asking who it is from.');
  return caller;
});
