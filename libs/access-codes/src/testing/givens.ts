import { iso, MINUTE } from '@latchkey/platform';
import type { Caller, Given as GivenIn } from '@latchkey/event-sourcing';
import type { LockCapabilities } from '@latchkey/gateways';
import { CODE, T0 } from '../domain/testing/builders';
import type { Window } from '../domain/content';
import type { Installation } from './installation';
import {
  ACCOUNT_ID,
  DEVICE,
  onAccount,
  onCode,
  onDevice,
  onKeypad,
  type PlainEvent,
  WORKSPACE,
} from './plain-events';

export type Given = GivenIn<Installation>;

export const MAKER = 'sandbox';

/** Somebody with an API key; each request has its own id. */
export const caller = (requestId = 'request-1', workspaceId = WORKSPACE): Caller => ({
  workspaceId,
  actor: { type: 'api_key', id: 'key-1' },
  requestId,
});

export const lockIdOf = (deviceId: string): string => deviceId.replace('device', 'lock');

/** A lock takes PINs of four digits, keeps windows by itself and has room for any number, unless set otherwise. */
const ABILITIES: LockCapabilities = {
  nativeScheduling: true,
  supportedCodeLengths: [4],
  codeConstraints: [],
  maxActiveCodes: null,
  canRemotelyLock: true,
  canRemotelyUnlock: true,
};

export const NOT_NATIVE = { nativeScheduling: false };

export const anAccount = (accountId = ACCOUNT_ID): PlainEvent =>
  onAccount(
    'AccountConnected',
    { accountId, workspaceId: WORKSPACE, maker: MAKER, displayName: 'My locks' },
    accountId,
  );

/** A device of the account, and its lock at its maker. */
export function aDevice(abilities: Partial<LockCapabilities> = {}, deviceId = DEVICE): Given {
  const capabilities = { ...ABILITIES, ...abilities };
  const ref = { accountId: ACCOUNT_ID, maker: MAKER, lockId: lockIdOf(deviceId) };
  const description = { name: 'Front Door', model: null, timeZone: null, capabilities };
  return [
    onDevice('DeviceAdded', { deviceId, workspaceId: WORKSPACE, ...ref, description }, deviceId),
    ({ locks }) => locks.add(ref, capabilities),
  ];
}

/** An account with one device. */
export const aLock = (abilities: Partial<LockCapabilities> = {}, deviceId = DEVICE): Given => [
  anAccount(),
  aDevice(abilities, deviceId),
];

export const stored = (window: Window | null) =>
  window && { startsAt: iso(window.startsAt), endsAt: iso(window.endsAt) };

/** A code as it is requested; ongoing, unless set otherwise. */
export interface GivenCode {
  readonly codeId?: string;
  readonly deviceId?: string;
  readonly pin?: string;
  readonly name?: string | null;
  readonly window?: Window | null;
  readonly externalModificationAllowed?: boolean;
  readonly preferNativeScheduling?: boolean;
  readonly commonCodeKey?: string | null;
  readonly isOneTimeUse?: boolean;
  readonly usesBackupPool?: boolean;
  readonly isBackup?: boolean;
  /** Whether its window was sent to its lock; left out: it was. */
  readonly isKeptByLock?: boolean;
}

/** A code that was requested, its PIN reserved. */
export function aCode({
  codeId = CODE,
  deviceId = DEVICE,
  pin = '1234',
  name = 'Guest',
  window = null,
  isKeptByLock: _isKeptByLock,
  ...more
}: GivenCode = {}): Given {
  return [
    onKeypad('PinReserved', { codeId, pin, window: stored(window) }, deviceId),
    onCode(
      'CodeRequested',
      {
        ...{ codeId, workspaceId: WORKSPACE, deviceId, accountId: ACCOUNT_ID, name, pin },
        schedule: stored(window),
        ...{ preferNativeScheduling: true, externalModificationAllowed: false, commonCodeKey: null },
        ...{ isOneTimeUse: false, usesBackupPool: false, isBackup: false },
        ...more,
      },
      codeId,
    ),
  ];
}

export const lockCodeIdOf = (codeId: string): string => `on-lock-${codeId}`;

/** The same, set on its lock together with its window. */
export function aCodeOnLock(given: GivenCode = {}): Given {
  const { codeId = CODE, deviceId = DEVICE, pin = '1234', name = 'Guest' } = given;
  const window = given.isKeptByLock === false ? null : (given.window ?? null);
  const lockCodeId = lockCodeIdOf(codeId);
  const commandId = `create-${codeId}`;
  const started = {
    ...{ commandId, operation: 'create', lockCodeId: null, attempt: 1, deadline: iso(T0 + MINUTE) },
    content: { name, pin, window: stored(window) },
  };
  const isAhead = window !== null && window.startsAt > T0;
  return [
    aCode(given),
    onCode('ProgrammingStarted', started, codeId),
    onCode(isAhead ? 'ScheduledOnDevice' : 'SetOnDevice', { commandId, lockCodeId }, codeId),
    ({ locks }) => void locks.putByHand(lockIdOf(deviceId), { name, pin, window }, lockCodeId),
  ];
}

/** A code that somebody else put on the lock, and that was seen there. */
export function anUnmanagedCode({
  codeId = CODE,
  deviceId = DEVICE,
  pin = '1234',
  name = 'Neighbour',
  window = null,
}: Omit<GivenCode, 'isBackup'> = {}): Given {
  const lockCodeId = lockCodeIdOf(codeId);
  const content = { name, pin, window: stored(window) };
  const whose = { codeId, workspaceId: WORKSPACE, deviceId, accountId: ACCOUNT_ID };
  return [
    onCode('UnmanagedCodeSeen', { ...whose, lockCodeId, content }, codeId),
    onKeypad('PinReserved', { codeId, pin, window: stored(window), foreign: true }, deviceId),
    ({ locks }) => void locks.putByHand(lockIdOf(deviceId), { name, pin, window }, lockCodeId),
  ];
}

/** The clock is set; `instant` in ms. */
export const itIs =
  (instant: number): Given =>
  ({ clock }) =>
    clock.put(instant);
