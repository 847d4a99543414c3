import { StoreDamaged } from '@latchkey/event-sourcing';
import { Outage, StartupError } from '@latchkey/platform';

/** What kept the server from starting: where it is known what it means and what to do, one clear line of it. */
export function asStartupError(error: unknown): unknown {
  if (error instanceof StoreDamaged) {
    return new StartupError(
      `The event store is damaged (${error.message}). Put a backup of it back: docs/operations.md says how.`,
      { cause: error },
    );
  }
  if (error instanceof Outage) {
    const { message } = error;
    return new StartupError(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`, { cause: error });
  }
  return error;
}
