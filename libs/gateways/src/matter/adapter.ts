import { randomUUID } from 'node:crypto';
import { KeyedMutex } from '@latchkey/platform';
import {
  changeAfterClearing,
  type FoundSystem,
  instantOf,
  type LocalAdapter,
  type LocalConnection,
  type LocalParts,
  type LocalSystem,
  localSeconds,
} from '../local';
import type {
  AccountRef,
  Answer,
  CodeWindow,
  ListedCode,
  LockCode,
  LockDescription,
  LockRef,
  Refusal,
  WriteAnswer,
} from '../lock-gateway';
import { violations } from '../constraints';
import { scrub } from '../http/scrub';
import type { Asked, Answered, CallName, FoundLock, FoundUser, LockNews } from './controller/messages';
import { notThere, refused } from './controller/refusals';
import { Controllers } from './controllers';
import { described, zoneOf } from './described';
import type { MatterSystem } from './entry';
import { readPairing } from './pairing';
import { reportOf } from './reports';

/**
 * Matter locks, on a fabric of our own for each entry of the file. PINs can't be read there: that one is on the lock
 * means that a user is in its place, put there by us and changed by nobody since.
 */
export class MatterAdapter implements LocalAdapter {
  private readonly controllers: Controllers;
  private readonly turns = new KeyedMutex();
  private readonly accounts = new Map<string, AccountRef>();
  /** Another one in each process, so that a lock is read back once after a start. */
  private readonly era = randomUUID();
  /** How often anything on a lock may have changed since this process began. */
  private readonly changes = new Map<string, number>();
  /** What a lock was told, for the hour that autumn has twice: its clock can't tell which one was meant. */
  private readonly told = new Map<string, CodeWindow>();

  constructor(
    private readonly parts: LocalParts,
    private readonly systems: ReadonlyMap<string, MatterSystem>,
  ) {
    const { folder, clock, logger } = parts;
    this.controllers = new Controllers({
      folder,
      now: () => clock.now(),
      systems,
      onNews: (system, news) => this.hear(system, news),
      onLog: (system, text) => logger.debug({ system }, `Matter: ${scrub(text, [])}`),
      onState: (system, state) => this.report(system, { kind: `system-${state}` }),
    });
  }

  async check(system: LocalSystem, { pairingCode }: LocalConnection): Promise<Answer<FoundSystem>> {
    const { name } = system;
    if (pairingCode !== undefined && pairingCode !== '') {
      const pairing = readPairing(pairingCode);
      if (!pairing) return refused('INVALID_PAIRING_CODE', NO_PAIRING_CODE);
      const paired = await this.call(name, 'pair', pairing);
      if (paired.kind !== 'answered') return paired;
    }
    const found = await this.call(name, 'locks', {});
    if (found.kind !== 'answered') return found;
    const { fabricId, locks } = found.value;
    if (locks.length === 0) return refused('NO_LOCK', 'no lock is paired yet: a pairing code is needed');
    // The code is used up: nothing of it is kept.
    const value = {
      ...{ systemId: `matter-${fabricId}`, connection: {}, version: 'Matter' },
      locks: locks.map((lock) => described(lock, system as MatterSystem, this.versionOf(lock.lockId))),
    };
    return { kind: 'answered', value };
  }

  async open(account: AccountRef): Promise<void> {
    this.accounts.set(account.maker, account);
    await this.call(account.maker, 'locks', {});
  }

  async forget({ maker }: AccountRef): Promise<void> {
    this.accounts.delete(maker);
    await this.call(maker, 'forget', {});
  }

  close(): Promise<void> {
    return this.controllers.close();
  }

  async locks(account: AccountRef): Promise<Answer<LockDescription[]>> {
    this.accounts.set(account.maker, account);
    const found = await this.call(account.maker, 'locks', {});
    if (found.kind !== 'answered') return found;
    const system = this.systemOf(account);
    const value = found.value.locks.map((lock) => described(lock, system, this.versionOf(lock.lockId)));
    return { kind: 'answered', value };
  }

  program(lock: LockRef, code: LockCode): Promise<WriteAnswer> {
    return this.inTurn(lock, async (found) => {
      const slot = code.slot ?? (await this.freeSlot(lock, found));
      if (typeof slot !== 'number') return slot;
      const objection = this.objection(lock, found, code);
      if (objection) return objection;
      const written = await this.write(lock, found, slot, code);
      if (written.kind !== 'accepted') return written;
      this.tellOutcome(lock, 'created', written.lockCodeId);
      return written;
    });
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    return this.inTurn(lock, async (found) => {
      const objection = this.objection(lock, found, code);
      if (objection) return objection;
      const slot = Number.parseInt(lockCodeId, 10);
      const taken = await this.call(lock.maker, 'clearUser', { lockId: lock.lockId, slot });
      if (taken.kind !== 'answered') return taken;
      this.changed(lock.lockId);
      const written = await this.write(lock, found, slot, code);
      if (written.kind !== 'accepted') return changeAfterClearing(written);
      this.tellOutcome(lock, 'updated', lockCodeId);
      return written;
    });
  }

  remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    return this.inTurn(lock, async () => {
      const slot = Number.parseInt(lockCodeId, 10);
      const cleared = await this.call(lock.maker, 'clearUser', { lockId: lock.lockId, slot });
      if (cleared.kind !== 'answered') return cleared;
      this.changed(lock.lockId);
      this.tellOutcome(lock, 'deleted', lockCodeId);
      return { kind: 'accepted', lockCodeId };
    });
  }

  async list(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const listed = await this.inTurn(lock, async (found): Promise<Answer<ListedCode[]>> => {
      const users = await this.call(lock.maker, 'users', { lockId: lock.lockId });
      if (users.kind !== 'answered') return users;
      const zone = zoneOf(found, this.systemOf(lock).timeZone) ?? 'UTC';
      const withPins = users.value.filter(({ hasPin, enabled }) => hasPin && enabled);
      return { kind: 'answered', value: withPins.map((user) => this.listed(lock, user, zone)) };
    });
    return listed;
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    return this.inTurn(lock, async () => {
      const done = await this.call(lock.maker, 'operate', { lockId: lock.lockId, action });
      if (done.kind !== 'answered') return done;
      const outcome = { success: true, errorCode: null, performedVia: 'remote_api', action };
      this.report(lock.maker, { kind: 'action-completed', lockId: lock.lockId, actionId, ...outcome });
      return { kind: 'accepted', lockCodeId: actionId };
    });
  }

  private async write(lock: LockRef, found: FoundLock, slot: number, code: LockCode): Promise<WriteAnswer> {
    const zone = zoneOf(found, this.systemOf(lock).timeZone) ?? 'UTC';
    const window = code.window && {
      startsAt: localSeconds(code.window.startsAt, zone),
      endsAt: localSeconds(code.window.endsAt, zone),
    };
    const user = { slot, name: code.name, pin: code.pin, window };
    const set = await this.call(lock.maker, 'setUser', { lockId: lock.lockId, user });
    if (set.kind !== 'answered') return set;
    this.changed(lock.lockId);
    const place = `${lock.lockId}/${slot}`;
    if (code.window) this.told.set(place, code.window);
    else this.told.delete(place);
    return { kind: 'accepted', lockCodeId: String(slot) };
  }

  private objection(lock: LockRef, found: FoundLock, code: LockCode): Refusal | null {
    const { capabilities } = described(found, this.systemOf(lock), '');
    if (capabilities.maxActiveCodes === 0) return refused('PINS_NOT_SUPPORTED', 'the lock takes no PINs');
    if (code.window && !capabilities.nativeScheduling)
      return refused('SCHEDULE_NOT_SUPPORTED', 'the lock keeps no windows');
    const [broken] = violations(capabilities, { pin: code.pin });
    return broken ? refused('INVALID_PIN', broken.message) : null;
  }

  private async freeSlot(lock: LockRef, found: FoundLock): Promise<number | Refusal> {
    const { slots } = described(found, this.systemOf(lock), '').capabilities;
    const users = await this.call(lock.maker, 'users', { lockId: lock.lockId });
    if (users.kind !== 'answered') return users;
    const isTaken = ({ isOurs, hasPin }: FoundUser): boolean => !isOurs || hasPin;
    const taken = new Set(users.value.filter(isTaken).map(({ slot }) => slot));
    for (let slot = slots?.first ?? 1; slot <= (slots?.last ?? 0); slot++) if (!taken.has(slot)) return slot;
    return refused('LOCK_FULL', 'all places on the lock that are ours are taken');
  }

  private listed(lock: LockRef, user: FoundUser, zone: string): ListedCode {
    const { slot, name, window, isOurs } = user;
    return {
      // Whoever put it there or changed it since, it is no longer what we told the lock.
      lockCodeId: isOurs ? String(slot) : `${slot}.others`,
      ...{ name, pin: null, status: 'active' },
      window: window && this.windowOf(`${lock.lockId}/${slot}`, window, zone),
    };
  }

  private windowOf(place: string, { startsAt, endsAt }: CodeWindow, zone: string): CodeWindow {
    const told = this.told.get(place);
    const shows = (instant: number | undefined, local: number): instant is number =>
      instant !== undefined && localSeconds(instant, zone) === local;
    return {
      startsAt: shows(told?.startsAt, startsAt) ? told.startsAt : instantOf(startsAt, zone),
      endsAt: shows(told?.endsAt, endsAt) ? told.endsAt : instantOf(endsAt, zone),
    };
  }

  /** One command at a time on a lock, and only on one that there is. */
  private inTurn<T>(lock: LockRef, work: (found: FoundLock) => Promise<T | Refusal>): Promise<T | Refusal> {
    return this.turns.runExclusive(lock.lockId, async () => {
      const all = await this.call(lock.maker, 'locks', {});
      if (all.kind !== 'answered') return all;
      const found = all.value.locks.find(({ lockId }) => lockId === lock.lockId);
      return found ? work(found) : notThere('a lock of that id');
    });
  }

  private call<C extends CallName>(system: string, name: C, asked: Asked<C>): Promise<Answered<C> | Refusal> {
    return this.controllers.call(system, name, asked);
  }

  private hear(system: string, news: LockNews): void {
    if (news.news === 'users-changed' || news.news === 'online') this.changed(news.lockId);
    const report = reportOf(news);
    if (report) this.report(system, report);
  }

  private tellOutcome(lock: LockRef, operation: 'created' | 'updated' | 'deleted', lockCodeId: string): void {
    const outcome = { success: true, errorCode: null };
    this.report(lock.maker, { kind: 'code-outcome', operation, lockId: lock.lockId, lockCodeId, ...outcome });
  }

  private report(system: string, report: Parameters<LocalParts['onReport']>[1]): void {
    const account = this.accounts.get(system);
    if (account) this.parts.onReport(account, report);
  }

  private changed(lockId: string): void {
    this.changes.set(lockId, (this.changes.get(lockId) ?? 0) + 1);
  }

  private versionOf(lockId: string): string {
    return `${this.era}/${this.changes.get(lockId) ?? 0}`;
  }

  private systemOf({ maker }: AccountRef): MatterSystem {
    return this.systems.get(maker)!;
  }
}

const NO_PAIRING_CODE = 'a pairing code has 11 or 21 digits, or is the text of the QR code: MT:…';
