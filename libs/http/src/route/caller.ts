import type { Actor } from '@latchkey/event-sourcing';

/** Who is asking, and in which request. */
export interface Caller {
  readonly workspaceId: string;
  readonly actor: Actor;
  readonly requestId: string;
}
