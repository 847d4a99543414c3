import type { ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Query } from '../params/query';
import { readParams } from '../params/read-params';
import type { Caller } from '@latchkey/event-sourcing';

/** What the edge stores on a request; only its guard writes it. */
export interface EdgeRequest {
  readonly query: Query;
  readonly body: unknown;
  caller?: Caller;
  /** Whether the caller still has access: for long answers. */
  isStillAllowed?: () => Promise<boolean>;
}

/** The request's parameters, read and checked as the given class declares them. */
export const Params = createParamDecorator((type: new () => object, context: ExecutionContext) =>
  readParams(type, context.switchToHttp().getRequest<EdgeRequest>()),
);

/** Aborts when the client has disconnected before the answer. */
export const Abandoned = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const { raw } = context.switchToHttp().getResponse<{ raw: ServerResponse }>();
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableEnded) gone.abort();
  });
  return gone.signal;
});

/** Whether the request's API key is still valid: for long answers. */
export const StillAllowed = createParamDecorator(
  (_: unknown, context: ExecutionContext): (() => Promise<boolean>) => {
    const { isStillAllowed } = context.switchToHttp().getRequest<EdgeRequest>();
    if (!isStillAllowed) throw new Error('The request was let through without asking who it is from.');
    return isStillAllowed;
  },
);

/** The caller that the API key belongs to. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<EdgeRequest>();
  if (!caller) throw new Error('The request was let through without asking who it is from.');
  return caller;
});
