import type { Actor, Cause } from '@latchkey/event-sourcing';

/** Who asks: an API key of a workspace, in one request. */
export interface Caller {
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly requestId: string;
}

export function causedBy(caller: Caller): Cause {
  return {
    correlationId: caller.requestId,
    causationId: caller.requestId,
    actor: caller.actor,
    workspaceId: caller.workspaceId,
  };
}
