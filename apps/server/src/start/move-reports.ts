import type { Addresses } from '@latchkey/connect-webviews';
import { moveReports } from '@latchkey/devices';
import type { Core } from '../core/core';
import type { Parts } from './core';
import type { Locks } from './gateway';
import type { Started } from '../started';

/** Moves reports from the addresses of earlier versions; nobody waits for lock makers that are slow. */
export function beginMovingReports(
  { stores, logger }: Parts,
  { gateway, makers, reportAddresses }: Locks,
  core: Core,
  addresses: Addresses,
  started: Started,
): void {
  const moving = moveReports({
    ...{ makers: makers.values(), gateway, addresses: reportAddresses, locks: core.rows, logger },
    settings: stores.records.settings,
    urlFor: (maker) => addresses.for(maker),
  }).catch((error: unknown) => logger.warn({ err: error }, 'reports are moved at the next start'));
  started.add(() => moving);
}
