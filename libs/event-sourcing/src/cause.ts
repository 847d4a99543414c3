import type { Actor } from './event-store';

/** Who asked, and what for: the metadata that a decision hands to its events. */
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
  /** Nothing can have been done for this request before: its id was made when it came. */
  readonly isFirstTry?: boolean;
}

/** What Latchkey does of its own accord. */
export function systemCause(of: Omit<Cause, 'actor'>): Cause {
  return { ...of, actor: { type: 'system' } };
}

/** What became known from outside: a lock, its maker, whoever logs in there. */
export function externalCause(of: Omit<Cause, 'actor'>): Cause {
  return { ...of, actor: { type: 'external' } };
}

/** What a caller's request causes. */
export function causedBy({ actor, requestId, workspaceId }: Caller): Cause {
  return { actor, workspaceId, correlationId: requestId, causationId: requestId };
}
