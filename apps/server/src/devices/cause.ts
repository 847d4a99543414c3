import type { Cause } from '@latchkey/event-sourcing';
import type { Caller } from '@latchkey/http';

/** What a caller's request causes. */
export function causeOf({ actor, requestId, workspaceId }: Caller): Cause {
  return { actor, workspaceId, correlationId: requestId, causationId: requestId };
}
