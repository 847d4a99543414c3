import { isTransient } from '@latchkey/database';
import { AppendTimeout } from '../event-store';

/** What gRPC says of a server that is away or does not answer in time. */
const UNAVAILABLE: ReadonlySet<unknown> = new Set([4, 14]);

/** Whether an error tells of a store that is away: what failed by it will go through when the store is back. */
export function mayPass(error: unknown): boolean {
  if (error instanceof AppendTimeout || isTransient(error)) return true;
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  return UNAVAILABLE.has(code) || type === 'unavailable' || type === 'timeout';
}
