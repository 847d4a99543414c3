import type { FoundSystem, LockCapabilities, LockDescription, LockSystem } from '@latchkey/gateways';
import { csvCell } from '@latchkey/platform';
import type { Print } from '../command-line';
import { type Column, each, type Format, showRows } from '../output';
import type { KnownAccount, KnownLock } from './known';
import type { Look } from './look';

/** A lock as it is shown to an operator. */
export type ShownLock = ReturnType<typeof shownLock>;

/** A lock system with its locks: as it was found, and as the server knows it. */
export interface ShownSystem {
  readonly system: string;
  readonly kind: string;
  readonly display_name: string;
  /** Null: it was not tried. */
  readonly reachable: boolean | null;
  /** What runs there; null where that is not known. */
  readonly version: string | null;
  /** What is the matter; null: nothing. */
  readonly reason: string | null;
  readonly connected_account_id: string | null;
  readonly workspace_id: string | null;
  readonly locks: readonly ShownLock[];
}

/** @param account to which it is connected; null: to none */
export function shownSystem(system: LockSystem, look: Look, account: KnownAccount | null): ShownSystem {
  const { name, displayName, kind = 'http' } = system;
  const found = look.kind === 'found' ? look.system : null;
  return {
    ...{ system: name, kind, display_name: displayName },
    reachable: look.kind === 'found' ? true : look.reachable,
    version: found?.version ?? null,
    reason: look.kind === 'found' ? null : look.reason,
    connected_account_id: account?.account.accountId ?? null,
    workspace_id: account?.account.workspaceId ?? null,
    locks: locksOf(found, account),
  };
}

/** Those that were found, and after them those that the server knows and that were not. */
function locksOf(found: FoundSystem | null, account: KnownAccount | null): ShownLock[] {
  const known = new Map((account?.locks ?? []).map((lock) => [lock.device.lockId, lock]));
  const shown = (found?.locks ?? []).map((lock) => shownLock(lock, known.get(lock.lockId) ?? null));
  const seen = new Set(found?.locks.map(({ lockId }) => lockId));
  for (const lock of known.values()) {
    const { device } = lock;
    if (seen.has(device.lockId)) continue;
    shown.push(shownLock({ ...device, batteryLevel: device.batteryLevel ?? null }, lock));
  }
  return shown;
}

type Described = Pick<
  LockDescription,
  'lockId' | 'name' | 'model' | 'online' | 'batteryLevel' | 'capabilities'
>;

function shownLock(lock: Described, known: KnownLock | null) {
  const { slots = null } = lock.capabilities;
  return {
    ...{ lock_id: lock.lockId, name: lock.name, model: lock.model, online: lock.online },
    battery_level: lock.batteryLevel ?? known?.device.batteryLevel ?? null,
    abilities: abilitiesOf(lock.capabilities),
    slots: slots && `${slots.first}-${slots.last}`,
    codes_ours: known?.codes.ours ?? null,
    codes_foreign: known?.codes.foreign ?? null,
    device_id: known?.device.deviceId ?? null,
  };
}

/** What a lock can do, in words. */
function abilitiesOf(can: LockCapabilities): string[] {
  const lengths = [...can.supportedCodeLengths].sort((a, b) => a - b);
  return [
    ...(can.maxActiveCodes === 0 ? ['no codes'] : [`codes of ${lengths.join(', ')} digits`]),
    ...(can.nativeScheduling ? ['time frames'] : []),
    ...(can.oneTimeCodes ? ['one-time codes'] : []),
    ...(can.canRemotelyLock ? ['lock'] : []),
    ...(can.canRemotelyUnlock ? ['unlock'] : []),
  ];
}

const LOCKS: readonly Column<ShownLock>[] = [
  { name: 'lock_id', of: (row) => row.lock_id },
  { name: 'online', of: (row) => (row.online ? 'online' : 'offline') },
  {
    name: 'battery',
    of: ({ battery_level: level }) => (level === null ? '' : `${Math.round(level * 100)} %`),
  },
  { name: 'slots', of: (row) => row.slots ?? '' },
  { name: 'ours', of: (row) => String(row.codes_ours ?? '') },
  { name: 'foreign', of: (row) => String(row.codes_foreign ?? '') },
  { name: 'name', of: (row) => row.name },
  { name: 'model', of: (row) => row.model ?? '' },
  { name: 'abilities', of: (row) => row.abilities.join('; ') },
  { name: 'device_id', of: (row) => row.device_id ?? '' },
];

const SYSTEMS: readonly Column<ShownSystem>[] = [
  { name: 'system', of: (row) => row.system },
  { name: 'kind', of: (row) => row.kind },
  { name: 'reachable', of: standingOf },
  { name: 'version', of: (row) => row.version ?? '' },
  { name: 'reason', of: (row) => row.reason ?? '' },
  { name: 'connected_account_id', of: (row) => row.connected_account_id ?? '' },
  { name: 'workspace_id', of: (row) => row.workspace_id ?? '' },
];

function standingOf({ reachable }: ShownSystem): string {
  return reachable === null ? 'not tried' : reachable ? 'reachable' : 'unreachable';
}

/** Shows systems: for people with a table of locks below each, as JSON a line each, as CSV a line for each lock. */
export async function showSystems(
  systems: readonly ShownSystem[],
  format: Format,
  print: Print,
): Promise<void> {
  if (format === 'json') return systems.forEach((system) => print(JSON.stringify(system)));
  if (format === 'csv') return showCsv(systems, print);
  for (const system of systems) {
    print(headOf(system));
    const indented = (line: string): void => print(`  ${line}`);
    if ((await showRows(each(system.locks), LOCKS, format, indented)) === 0) indented('no locks');
  }
}

function headOf(system: ShownSystem): string {
  const { version, reason, connected_account_id: account } = system;
  const said = [version, reason?.replace(/\.$/, '') ?? null].filter((text) => text !== null).join(': ');
  const connected = account === null ? 'not connected' : `connected as ${account}`;
  return `${system.system} (${system.kind}): ${standingOf(system)}${said === '' ? '' : `, ${said}`}; ${connected}`;
}

function showCsv(systems: readonly ShownSystem[], print: Print): void {
  print([...SYSTEMS, ...LOCKS].map(({ name }) => csvCell(name)).join(','));
  for (const system of systems) {
    const own = SYSTEMS.map(({ of }) => csvCell(of(system)));
    for (const lock of system.locks.length === 0 ? [null] : system.locks) {
      const cells = LOCKS.map(({ of }) => csvCell(lock === null ? '' : of(lock)));
      print([...own, ...cells].join(','));
    }
  }
}
