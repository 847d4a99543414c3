import { type DevicesTables, readDevices } from '@latchkey/devices';
import { chunks, type Database, preparedIn } from '@latchkey/database';
import { type Clock, CLOCK, CONFIG, type Vault, VAULT, VIEWS_DATABASE } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { AccessCode } from '../domain/access-code';
import type { OnLock } from '../domain/content';
import type { LeadTimes } from '../domain/circumstances';
import type { Pins } from './pending-mutations';
import { isReady } from '../domain/backup';
import { overlap } from '../domain/keypad';
import type { Occupant } from './code-status';
import { CODES, type CodesTables } from './codes-projection';
import { keptUnmanaged } from './kept-codes';
import { presentCode, type SeamAccessCode } from './present-code';
import { presentUnmanaged, type SeamUnmanagedAccessCode } from './present-unmanaged';
import { endOf, isGone, pulledBackupOf } from '../domain/life';

/** How many values one statement gets at most. */
const CHUNK = 500;

const unmanagedOn = preparedIn<CodesTables, object, { device_id: string; state: string }>(
  (db, _, deviceIds) =>
    db
      .selectFrom(CODES)
      .select(['device_id', 'state'])
      .where('device_id', 'in', deviceIds)
      .where('unmanaged_at', 'is not', null),
);

/** What a code is shown with beside its device. */
type Beside = Required<Pick<Parameters<typeof presentCode>[1], 'hasBackup' | 'occupant'>>;
const NOTHING: Beside = { hasBackup: false, occupant: null };

/** Loads what is needed to show a code: its device and account, its PINs, the clock. */
@Injectable()
export class CodePresenter {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables & CodesTables>,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly settings: LeadTimes,
  ) {}

  async present(codes: readonly AccessCode[]): Promise<SeamAccessCode[]> {
    const occupants = await this.occupants(codes);
    const asking = codes.filter(asksForBackup);
    const ready = asking.length === 0 ? null : await this.withReadyBackups(asking);
    if (!occupants && !ready) return this.each(codes, presentCode);
    return this.each(codes, presentCode, (code) => ({
      hasBackup: ready !== null && asksForBackup(code) && ready.has(code.deviceId),
      occupant: occupants?.get(code.codeId) ?? null,
    }));
  }

  presentUnmanaged(codes: readonly AccessCode[]): Promise<SeamUnmanagedAccessCode[]> {
    return this.each(codes, presentUnmanaged);
  }

  private async each<T>(
    codes: readonly AccessCode[],
    present: (code: AccessCode, around: Parameters<typeof presentCode>[1]) => T,
    beside: (code: AccessCode) => Beside = () => NOTHING,
  ): Promise<T[]> {
    const devices = await readDevices(
      this.views,
      codes.map((code) => code.deviceId),
    );
    const now = this.clock.now();
    const pins = await openAllPins(codes, this.vault);
    return codes.map((code, index) => {
      const its = devices.get(code.deviceId);
      const { hasBackup, occupant } = beside(code);
      return present(code, {
        device: its?.device ?? null,
        account: its?.account ?? null,
        now,
        settings: this.settings,
        pins: pins[index]!,
        hasBackup,
        occupant,
      });
    });
  }

  /** The devices that have a backup code ready for one of these. */
  private async withReadyBackups(asking: readonly AccessCode[]): Promise<Set<string>> {
    const deviceIds = [...new Set(asking.map((code) => code.deviceId))];
    const ready = new Set<string>();
    for (const some of chunks(deviceIds, CHUNK)) {
      const rows = await this.views.db
        .selectFrom(CODES)
        .select(['device_id', 'state'])
        .where('device_id', 'in', some)
        .where('pool_at', 'is not', null)
        .execute();
      for (const row of rows) {
        if (isReady(JSON.parse(row.state) as AccessCode)) ready.add(row.device_id);
      }
    }
    return ready;
  }

  /** For codes that are not on their lock as they should be: which unmanaged code there has their PIN; null: none. */
  private async occupants(codes: readonly AccessCode[]): Promise<Map<string, Occupant> | null> {
    const waiting = codes.filter(
      (code) =>
        !endOf(code) && !isGone(code) && code.known.onLock?.pinFingerprint !== code.wanted.pinFingerprint,
    );
    if (waiting.length === 0) return null;
    const unmanaged = await this.unmanaged(new Set(waiting.map((code) => code.deviceId)));
    if (unmanaged.length === 0) return null;
    const found = new Map<string, Occupant>();
    const there = await this.vault.openAll(unmanaged.map((one) => one.wanted.pin));
    const wanted = await this.vault.openAll(waiting.map((code) => code.wanted.pin));
    waiting.forEach((code, n) => {
      const other = unmanaged.find(
        (one, at) =>
          one.deviceId === code.deviceId &&
          there[at] !== null &&
          there[at] === wanted[n] &&
          overlap(one.wanted.schedule, code.wanted.schedule),
      );
      if (!other) return;
      const { codeId, requestedAt } = other;
      found.set(code.codeId, { codeId, since: Math.max(requestedAt, code.wanted.at) });
    });
    return found;
  }

  /** The codes on these devices that are not ours. */
  private async unmanaged(deviceIds: ReadonlySet<string>): Promise<AccessCode[]> {
    const onDevices = await keptUnmanaged.of(this.views).getAll([...deviceIds], async (missing) => {
      const found = new Map(missing.map((deviceId) => [deviceId, [] as AccessCode[]]));
      for (const some of chunks(missing, CHUNK)) {
        for (const { device_id, state } of await unmanagedOn.rows(this.views.db, {}, some))
          found.get(device_id)!.push(JSON.parse(state) as AccessCode);
      }
      return found;
    });
    const all: AccessCode[] = [];
    for (const there of onDevices.values()) all.push(...there);
    return all;
  }
}

/** The PINs of each of these codes in plain text, as far as they have not been erased, with one question to the vault. */
async function openAllPins(codes: readonly AccessCode[], vault: Vault): Promise<Pins[]> {
  const others = codes.filter(hasOtherPinOnLock);
  const sealed = codes.map(({ wanted: { pin } }) => pin);
  for (const { known } of others) sealed.push(known.onLock.pin);
  const opened = await vault.openAll(sealed);
  const there = new Map(others.map(({ codeId }, index) => [codeId, opened[codes.length + index] ?? null]));
  return codes.map((code, index) => {
    const wanted = opened[index] ?? null;
    const { onLock } = code.known;
    if (!onLock) return { wanted, onLock: null };
    if (!hasOtherPinOnLock(code)) return { wanted, onLock: wanted };
    // An earlier version recorded a foreign PIN by its fingerprint only: then the box holds our own.
    const known = onLock.pin.box !== code.wanted.pin.box;
    return { wanted, onLock: known ? (there.get(code.codeId) ?? null) : null };
  });
}

const asksForBackup = (code: AccessCode): boolean => code.wanted.usesBackupPool && !pulledBackupOf(code);

const hasOtherPinOnLock = (code: AccessCode): code is AccessCode & { known: { onLock: OnLock } } =>
  code.known.onLock !== null && code.known.onLock.pinFingerprint !== code.wanted.pinFingerprint;
