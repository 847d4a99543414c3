import {
  type Account,
  addDevice,
  type Device,
  type DeviceEvent,
  observeDevice,
  reachable,
  removeDevice,
} from '@latchkey/devices';
import type { Cause } from '@latchkey/event-sourcing';
import type { LockDescription, LockGateway } from '@latchkey/gateways';
import { type Clock, derivedId, type Logger, type Random } from '@latchkey/platform';
import type { KnownRevisions } from './agenda';
import type { AgendaRows } from './agenda-rows';
import type { BackupPool } from './backup-pool';
import type { Departures } from './departures';
import type { OtherWork } from './executor';
import type { LockWork } from './lock-work';
import type { Streams } from './streams';

export interface WatchSettings {
  /** How often an account is asked for its locks, ms: finds what a lost report would have told. */
  readonly accountPollEvery: number;
  /** How often a lock is read back whatever its maker says of it, ms. */
  readonly readBackEvery: number;
  readonly clockDriftTolerance: number;
  readonly retryFirst: number;
  readonly retryLimit: number;
}

/** In so many turns, spread over the time between two read-backs, all locks are read back. */
const TURNS = 48;

/** The id of the device that a lock of an account is, the same whenever it is asked for. */
export const deviceIdOf = (accountId: string, lockId: string): string => derivedId(accountId, lockId);

/** Keeps accounts and locks in step with what their makers tell, slowly, for the reports that never came. */
export class AccountWatch implements OtherWork {
  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly rows: AgendaRows;
      readonly known: KnownRevisions;
      readonly gateway: LockGateway;
      readonly work: LockWork;
      readonly departures: Departures;
      readonly backups: BackupPool;
      readonly clock: Clock;
      readonly random: Random;
      readonly logger: Logger;
      readonly settings: WatchSettings;
    },
  ) {}

  /** Asks for an account's locks. Returns when to ask again. */
  readonly account = async (accountId: string): Promise<number | null> => {
    const { streams, known, gateway, clock, work, departures, settings } = this.options;
    const { state: account } = await streams.accounts.load(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    );
    // What a deletion could not finish.
    if (account && account.removedAt !== null) await departures.ofAccount(accountId);
    if (!account?.connected) return null;
    const cause = this.causeOf(account.workspaceId, accountId);
    const answer = await gateway.locks({ accountId, maker: account.maker });
    if (answer.kind !== 'answered') {
      await work.tellAccount(
        accountId,
        answer.kind === 'unknown' ? { ...answer, kind: 'unreachable' } : answer,
        cause,
      );
      const since = (await streams.accounts.load(accountId, 0)).state?.unreachableSince ?? clock.now();
      const pause = Math.min(settings.retryLimit, Math.max(settings.retryFirst, clock.now() - since));
      return clock.now() + pause;
    }
    await this.compareLocks(account, answer.value, cause);
    await streams.accounts.transact(accountId, cause, (state) => reachable(state), 0);
    return clock.now() + settings.accountPollEvery;
  };

  private async compareLocks(
    account: Account,
    seen: readonly LockDescription[],
    cause: Cause,
  ): Promise<void> {
    const { streams, rows } = this.options;
    const known = new Map((await rows.locksOf(account.accountId)).map((lock) => [lock.lock_id, lock]));
    for (const lock of seen) {
      const deviceId = known.get(lock.lockId)?.device_id ?? deviceIdOf(account.accountId, lock.lockId);
      const observe = (device: Device | null): DeviceEvent[] =>
        seenNow(device, deviceId, lock, account, this.options.settings);
      // Of hundreds of locks hardly one has anything new to tell.
      const atLeast = this.options.known.atLeast(streams.devices.streamOf(deviceId)) ?? 0;
      if (observe((await streams.devices.load(deviceId, atLeast)).state).length > 0)
        await streams.devices.transact(deviceId, cause, observe, atLeast);
      const before = known.get(lock.lockId);
      if (before && before.read_back_of !== lock.updatedAt) {
        await rows.makeDue(`device:${deviceId}`);
        await rows.readBackWas(deviceId, lock.updatedAt);
      }
    }
    const present = new Set(seen.map((lock) => lock.lockId));
    for (const lock of known.values()) {
      if (!present.has(lock.lock_id)) await streams.devices.transact(lock.device_id, cause, removeDevice);
    }
  }

  /** Reads one lock back and holds each of its codes against it. Returns when to do so again. */
  readonly device = async (deviceId: string): Promise<number | null> => {
    const { streams, rows, known, work, backups, clock, random, settings } = this.options;
    const { state: device } = await streams.devices.load(
      deviceId,
      known.atLeast(streams.devices.streamOf(deviceId)),
    );
    if (!device || device.removedAt !== null) return null;
    const { accountId } = device;
    const { state: account } = await streams.accounts.load(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    );
    if (!account?.connected || account.unreachableSince !== null) return null;
    await backups.fill(device);
    const told = await work.verifyAll(await rows.codesOf(deviceId), device, 'strangers');
    if (told === 'not-read') return clock.now() + settings.retryLimit;
    const { readBackEvery } = settings;
    const at = clock.now() + readBackEvery - random.int(Math.max(1, Math.round(readBackEvery / 10)));
    // Locks are read back in company: each for itself would cost as many turns as there are locks.
    const turn = Math.max(1, Math.round(readBackEvery / TURNS));
    return Math.max(clock.now() + 1, at - (at % turn));
  };

  private causeOf(workspaceId: string, correlationId: string): Cause {
    return { correlationId, causationId: 'watch', actor: { type: 'system' }, workspaceId };
  }
}

/** A lock that its maker shows: one that we have is observed, another one is taken up, if it may be. */
function seenNow(
  device: Device | null,
  deviceId: string,
  lock: LockDescription,
  account: Account,
  limits: Pick<WatchSettings, 'clockDriftTolerance'>,
): DeviceEvent[] {
  if (device && device.removedAt === null) return observeDevice(device, lock, limits);
  const { accountId, workspaceId, maker, intakes } = account;
  const unwanted = device
    ? (device.deletedInIntake ?? 0) >= intakes
    : !account.acceptedCapabilities.includes('lock');
  if (unwanted) return [];
  const identity = { deviceId, workspaceId, accountId, maker, lockId: lock.lockId };
  return addDevice(device, identity, lock, account.managesNewDevices);
}
