import { type Cause, evolved, type KnownRevisions, systemCause } from '@latchkey/event-sourcing';
import type { LockDescription, LockGateway } from '@latchkey/gateways';
import { type Clock, derivedId, type Logger } from '@latchkey/platform';
import { type Account, completeSync, reachable } from '../domain/account';
import { type Device, type DeviceEvent, deviceFold } from '../domain/device';
import { add, observe, remove } from '../domain/device-decisions';
import type { DeviceStreams } from '../streams';
import type { Departures } from './departures';
import type { KnownLocks } from './known-locks';
import { LockClocks, type OwnClock } from './lock-clocks';
import { recordOutage } from './outages';

export interface AccountWatchSettings {
  /** How often an account's locks are read, ms: this makes up for lost reports. */
  readonly accountPollEvery: number;
  readonly clockDriftTolerance: number;
  readonly retryFirst: number;
  readonly retryLimit: number;
}

/** Locks that wait for their turn to be read back have it by then, ms; else they are read at once. */
const TURNS_END_WITHIN_MS = 30 * 60_000;

/** The id of the device for a lock of an account, always the same. */
export const deviceIdOf = (accountId: string, lockId: string): string => derivedId(accountId, lockId);

/** Keeps accounts and their locks up to date with their makers, from time to time: reports may be lost. */
export class AccountWatch {
  private readonly clocks: LockClocks;

  constructor(
    private readonly options: {
      readonly streams: DeviceStreams;
      readonly locks: Pick<KnownLocks, 'locksOf' | 'makeDue' | 'readBackWas'>;
      readonly known: KnownRevisions;
      readonly gateway: LockGateway;
      readonly departures: Departures;
      readonly clock: Clock;
      readonly ownClock: OwnClock;
      readonly logger: Logger;
      readonly settings: AccountWatchSettings;
    },
  ) {
    const { ownClock: own, logger, locks, settings } = options;
    this.clocks = new LockClocks({
      ...{ own, logger, tolerance: settings.clockDriftTolerance },
      onVerdict: async (accountIds) => {
        for (const accountId of accountIds) await locks.makeDue(`account:${accountId}`);
      },
    });
  }

  /** The server's clock has been set: the drift of the locks' clocks is determined again. */
  clockWasPut(): void {
    this.clocks.forget();
  }

  /** Asks for an account's locks. Returns when to ask again. */
  readonly account = async (accountId: string): Promise<number | null> => {
    const { streams, known, gateway, clock, departures, settings } = this.options;
    const { state: account } = await streams.accounts.load(
      accountId,
      known.atLeast(streams.accounts.streamOf(accountId)),
    );
    // The rest of an unfinished deletion.
    if (account && account.removedAt !== null) await departures.ofAccount(accountId);
    if (!account?.connected) return null;
    const { workspaceId } = account;
    const cause = systemCause({ workspaceId, correlationId: accountId, causationId: 'watch' });
    const answer = await gateway.locks({ accountId, maker: account.maker });
    if (answer.kind !== 'answered') {
      await recordOutage(
        streams,
        accountId,
        answer.kind === 'unknown' ? { ...answer, kind: 'unreachable' } : answer,
        cause,
      );
      const since = (await streams.accounts.load(accountId, 0)).state?.unreachableSince ?? clock.now();
      const pause = Math.min(settings.retryLimit, Math.max(settings.retryFirst, clock.now() - since));
      return clock.now() + pause;
    }
    await this.compareLocks(account, answer.value, cause);
    const looked = (state: Account | null) => [...reachable(state), ...completeSync(state)];
    await streams.accounts.transact(accountId, cause, looked, 0);
    return clock.now() + settings.accountPollEvery;
  };

  private async compareLocks(
    account: Account,
    seen: readonly LockDescription[],
    cause: Cause,
  ): Promise<void> {
    const { streams, locks, clock, departures } = this.options;
    const known = await locks.locksOf(account.accountId);
    const ours = await this.clocks.hear(account.accountId, seen);
    for (const described of seen) {
      const lock = lessOurs(described, ours);
      const before = known.get(lock.lockId);
      const deviceId = before?.device_id ?? deviceIdOf(account.accountId, lock.lockId);
      const decide = (device: Device | null): DeviceEvent[] =>
        seenNow(device, deviceId, lock, account, this.options);
      // Of hundreds of locks hardly one has changed.
      const { state: device } = await streams.devices.newest(deviceId, this.options.known);
      const news = decide(device);
      // The rest from before its deletion is cleaned up first, so that none of it comes back.
      if (device && device.deletedAt !== null && news.length > 0) await departures.finishDevice(deviceId);
      if (news.length > 0) await streams.devices.transact(deviceId, cause, decide);
      this.log(deviceId, news);
      if (before && before.read_back_of !== lock.updatedAt) {
        // After the agenda was built again it is not known what was read; each lock has its turn to be read back then.
        const unlessBy = before.read_back_of === null ? clock.now() + TURNS_END_WITHIN_MS : undefined;
        await locks.makeDue(`device:${deviceId}`, unlessBy);
        await locks.readBackWas(before, lock.updatedAt);
      }
    }
    const present = new Set(seen.map((lock) => lock.lockId));
    for (const lock of known.values()) {
      if (!present.has(lock.lock_id)) await streams.devices.transact(lock.device_id, cause, remove);
    }
  }

  /** Logs what a person has to fix at the lock itself. */
  private log(deviceId: string, news: readonly DeviceEvent[]): void {
    const { logger } = this.options;
    for (const { type, data } of news) {
      if (type === 'ClockDrifted') logger.warn({ deviceId, ...data }, "a lock's clock is wrong");
      if (type === 'ClockCorrected') logger.info({ deviceId, ...data }, "a lock's clock is right again");
      if (type === 'BatteryRanLow') logger.warn({ deviceId, ...data }, "a lock's battery is low");
    }
  }
}

/** What a lock's clock shows, less what is the server's own doing. */
function lessOurs(lock: LockDescription, ours: number): LockDescription {
  const { clockDrift } = lock;
  return ours === 0 || clockDrift === null ? lock : { ...lock, clockDrift: clockDrift - ours };
}

/** A lock that its maker lists: an existing device is updated, a new one is added if that is allowed. */
function seenNow(
  device: Device | null,
  deviceId: string,
  lock: LockDescription,
  account: Account,
  { settings: limits, clock }: { settings: AccountWatchSettings; clock: Clock },
): DeviceEvent[] {
  if (device && device.removedAt === null) return observe(device, lock, limits);
  const { accountId, workspaceId, maker, intakes } = account;
  const unwanted = device
    ? (device.deletedInIntake ?? 0) >= intakes
    : !account.acceptedCapabilities.includes('lock');
  if (unwanted) return [];
  const identity = { deviceId, workspaceId, accountId, maker, lockId: lock.lockId };
  const added = add(device, identity, lock, account.managesNewDevices);
  // Its clock and battery count from the first moment on.
  return [...added, ...observe(evolved(deviceFold, device, added, clock.now()), lock, limits)];
}
