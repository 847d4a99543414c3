import type { LockMaker } from '../http/lock-maker';
import type { LocalSystem } from '../local';

/** Where locks are: a lock maker's cloud, or a system on the local network. */
export type LockSystem = LockMaker | LocalSystem;

/** What an entry may be. */
export const KINDS = ['http', 'zwave-js', 'zigbee2mqtt', 'matter'] as const;

export type LocalKind = LocalSystem['kind'];

export function isLocal(system: LockSystem | undefined): system is LocalSystem {
  return system !== undefined && system.kind !== undefined && system.kind !== 'http';
}

export function isLockMaker(system: LockSystem | undefined): system is LockMaker {
  return system !== undefined && !isLocal(system);
}
