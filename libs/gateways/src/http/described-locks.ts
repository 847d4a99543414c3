import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { LockCapabilities, LockDescription } from '../lock-gateway';
import type { Understood } from './answers';
import { isSameJson } from './same-json';
import { DEVICE_TIME, describeLock, deviceTimeOf, lock, locksAnswer } from './wire';

/** So much of what makers told is remembered, of the accounts that were read last: characters of their answers. */
const KEPT = 16_000_000;

/** A lock as its maker told of it, and what that means. */
interface Read {
  readonly wire: object;
  readonly described: LockDescription;
}

/** An account's locks as they were read last, by their ids. */
interface OfAccount {
  readonly configured: Partial<LockCapabilities> | undefined;
  readonly locks: ReadonlyMap<string, Read>;
  /** Of the answer, in characters. */
  readonly length: number;
}

/** With what an answer is read: what locks can do by the configuration, and our clock, ms. */
interface How {
  readonly configured: Partial<LockCapabilities> | undefined;
  readonly now: number;
}

/**
 * Reads what makers tell of accounts' locks. Of hundreds hardly one is told of differently than the last time: such a lock is
 * compared with what was told then, and only others are checked and described anew. A lock that is the same has the same
 * capabilities, as an object; who compares them with what it knows need not look into them.
 */
export class DescribedLocks {
  private readonly kept = new LRUCache<string, OfAccount>({
    maxSize: KEPT,
    sizeCalculation: ({ length }) => Math.max(1, length),
  });

  /** @returns what is wrong with the answer, where it is not understood */
  read(
    accountId: string,
    { body, length }: Pick<Understood, 'body' | 'length'>,
    { configured, now }: How,
  ): LockDescription[] | z.ZodError {
    const before = this.kept.get(accountId);
    const last = before && before.configured === configured ? before.locks : undefined;
    const told = (body as { locks?: unknown } | null | undefined)?.locks;
    if (!Array.isArray(told)) return wrongWith(body);
    const locks = new Map<string, Read>();
    const described: LockDescription[] = [];
    for (const wire of told as unknown[]) {
      const known = last?.get(idOf(wire));
      if (known && isSameJson(known.wire, wire, DEVICE_TIME)) {
        locks.set(known.described.lockId, known);
        described.push(at(known.described, wire as object, now));
        continue;
      }
      const read = lock.safeParse(wire);
      // The whole answer says where in it this is.
      if (!read.success) return wrongWith(body);
      const fresh = describeLock(read.data, configured ?? {}, now);
      locks.set(fresh.lockId, { wire: wire as object, described: fresh });
      described.push(fresh);
    }
    this.kept.set(accountId, { configured, locks, length });
    return described;
  }

  forget(accountId: string): void {
    this.kept.delete(accountId);
  }
}

/** The same lock, with what its clock shows now. */
function at(described: LockDescription, wire: object, now: number): LockDescription {
  const time = deviceTimeOf(wire);
  const clockDrift = time === null ? null : time - now;
  return clockDrift === described.clockDrift ? described : { ...described, clockDrift };
}

/** As `describeLock` has it; only to find what was told before, with which all of it is compared. */
function idOf(wire: unknown): string {
  const { lock_id, device_id } = (wire ?? {}) as { lock_id?: unknown; device_id?: unknown };
  const id = lock_id ?? device_id;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}

function wrongWith(body: unknown): z.ZodError {
  const { error } = locksAnswer.safeParse(body);
  if (!error) throw new Error('an answer is understood as a whole, and a lock in it is not');
  return error;
}
