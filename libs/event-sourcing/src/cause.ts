import type { Actor } from './event-store';

/** Who asked, and for what: the metadata that a decision gives to its events. */
export interface Cause {
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: Actor;
  readonly workspaceId: string;
}

/** Who is asking, and in which request. */
export interface Caller {
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly requestId: string;
  /** Nothing can have been done for this request before: its id is new. */
  readonly isFirstTry?: boolean;
}

/** What Latchkey does by itself. */
export function systemCause(of: Omit<Cause, 'actor'>): Cause {
  return { ...of, actor: { type: 'system' } };
}

/** What became known from outside: from a lock, its maker, or a person who logs in there. */
export function externalCause(of: Omit<Cause, 'actor'>): Cause {
  return { ...of, actor: { type: 'external' } };
}

/** What a caller's request causes. */
export function causedBy({ actor, requestId, workspaceId }: Caller): Cause {
  return { actor, workspaceId, correlationId: requestId, causationId: requestId };
}
