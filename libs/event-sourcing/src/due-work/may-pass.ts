import { isTransient } from '@latchkey/database';
import { AppendTimeout } from '../event-store';

/** gRPC's codes for a server that is unavailable or does not answer in time. */
const UNAVAILABLE: ReadonlySet<unknown> = new Set([4, 14]);

/** Whether an error means that a store is unavailable: the same work will succeed when the store is back. */
export function mayPass(error: unknown): boolean {
  if (error instanceof AppendTimeout || isTransient(error)) return true;
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  return UNAVAILABLE.has(code) || type === 'unavailable' || type === 'timeout';
}
