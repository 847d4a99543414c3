import { HOUR, MINUTE } from '@latchkey/platform';
import type { Account, Device } from '@latchkey/devices';
import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from '../../domain/access-code';
import { codeFold } from '../../domain/code-fold';
import type { CodeEvent, StoredWindow } from '../../domain/events';
import * as builders from '../../domain/testing/builders';
import { presentCode } from '../present-code';

export const START = Date.UTC(2026, 5, 1, 15);
export const END = START + 48 * HOUR;
export const REQUESTED = START - 100 * HOUR;
export const settings = { preloadLead: 72 * HOUR, justInTimeLead: HOUR };
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const sealed = { keyId: 'k', box: 'b' };
export const schedule: StoredWindow = {
  startsAt: new Date(START).toISOString(),
  endsAt: new Date(END).toISOString(),
};

export const account: Account = {
  ...builders.account,
  accountId: id(3),
  workspaceId: id(1),
  createdAt: REQUESTED,
  backSince: REQUESTED,
};
export const nativeLock: Device = {
  ...builders.nativeLock,
  deviceId: id(2),
  workspaceId: id(1),
  accountId: id(3),
  timeZone: 'Europe/Berlin',
  capabilities: { ...builders.nativeLock.capabilities, supportedCodeLengths: [4, 5, 6] },
  addedAt: REQUESTED,
  connectionChangedAt: REQUESTED,
};
export const simpleLock: Device = {
  ...nativeLock,
  capabilities: { ...nativeLock.capabilities, nativeScheduling: false },
};

export const at = (instant: number, event: CodeEvent): Happened<CodeEvent> => ({ ...event, at: instant });

export const requested = (over: Partial<{ schedule: StoredWindow | null }> = {}) =>
  at(REQUESTED, {
    type: 'CodeRequested',
    data: {
      codeId: id(4),
      workspaceId: id(1),
      deviceId: id(2),
      accountId: id(3),
      name: 'Guest',
      pin: sealed,
      pinFingerprint: 'fp-1',
      schedule,
      preferNativeScheduling: true,
      externalModificationAllowed: false,
      commonCodeKey: null,
      isOneTimeUse: false,
      usesBackupPool: false,
      isBackup: false,
      ...over,
    },
  });

export const programming = (
  instant: number,
  window: StoredWindow | null,
  operation: 'create' | 'change' = 'create',
  over = {},
) =>
  at(instant, {
    type: 'ProgrammingStarted',
    data: {
      commandId: 'c',
      operation,
      lockCodeId: operation === 'change' ? 'L' : null,
      content: { name: 'Guest', pin: sealed, pinFingerprint: 'fp-1', window, ...over },
      attempt: 1,
      deadline: new Date(instant + MINUTE).toISOString(),
    },
  });
export const set = (instant: number, commandId: string | null = 'c') =>
  at(instant, { type: 'SetOnDevice', data: { commandId, lockCodeId: 'L' } });
export const scheduled = (instant: number) =>
  at(instant, { type: 'ScheduledOnDevice', data: { commandId: 'c', lockCodeId: 'L' } });
export const failed = (
  instant: number,
  errorCode: string,
  kind: 'passing' | 'permanent' | 'keypad' = 'passing',
) =>
  at(instant, {
    type: 'ProgrammingFailed',
    data: { commandId: 'c', errorCode, message: 'no', kind, retryAt: null },
  });

export function fold(...events: Happened<CodeEvent>[]): AccessCode {
  return events.reduce<AccessCode | null>((code, event) => codeFold.evolve(code, event), codeFold.initial)!;
}

export function shown(
  code: AccessCode,
  now: number,
  over: Partial<{
    device: Device | null;
    account: Account | null;
    pins: { wanted: string | null; onLock: string | null };
  }> = {},
) {
  return presentCode(code, {
    device: nativeLock,
    account,
    now,
    settings,
    pins: { wanted: '4821', onLock: '4821' },
    ...over,
  });
}

export const errorsOf = (code: { errors: { error_code: string }[] }) => code.errors.map((e) => e.error_code);
export const warningsOf = (code: { warnings: { warning_code: string }[] }) =>
  code.warnings.map((w) => w.warning_code);
export const mutationsOf = (code: { pending_mutations: { mutation_code: string }[] }) =>
  code.pending_mutations.map((m) => m.mutation_code);
