import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode, InFlight, Known, Trouble, Wanted } from './access-code';
import { contentOf, windowOf } from './content';
import type { CodeEventOf } from './events';
import { type Life, managed, type Managed, managedOtherwise } from './life';

/** A code as it was asked for, at an instant (ms). */
export function requested(data: CodeEventOf<'CodeRequested'>['data'], at: number): AccessCode {
  return {
    codeId: data.codeId,
    workspaceId: data.workspaceId,
    deviceId: data.deviceId,
    accountId: data.accountId,
    requestedAt: at,
    wanted: {
      name: data.name,
      pin: data.pin,
      pinFingerprint: data.pinFingerprint,
      schedule: windowOf(data.schedule),
      preferNativeScheduling: data.preferNativeScheduling,
      externalModificationAllowed: data.externalModificationAllowed,
      commonCodeKey: data.commonCodeKey,
      isOneTimeUse: data.isOneTimeUse,
      usesBackupPool: data.usesBackupPool,
      at,
    },
    known: {
      onLock: null,
      everOnLock: false,
      inFlight: null,
      setAt: null,
      plainName: false,
      distinctName: false,
      alteredName: null,
    },
    trouble: { ...noTrouble, failedToRemoveAt: null, connectionLostAt: null },
    life: managed(data.isBackup ? { is: 'spare' } : null),
  };
}

/** Cleared whenever the lock confirms, or something else is wanted. */
export const noTrouble = {
  failedAttempts: 0,
  failure: null,
  settingDelayedAt: null,
  startMissedAt: null,
  failedToSetAt: null,
  externalConflict: null,
} as const;

/** The lock does not hold it any more, and nothing is under way. */
export const offTheLock = {
  known: { onLock: null, inFlight: null, setAt: null },
  managed: { lateChanges: [] },
} as const satisfies Differing;

/** A programming that begins at an instant, ms. */
export function inFlightOf({ data }: CodeEventOf<'ProgrammingStarted'>, at: number): InFlight {
  const { commandId, operation, attempt, slot } = data;
  const lockCodeId = slot === undefined ? data.lockCodeId : String(slot);
  return {
    commandId,
    operation,
    lockCodeId,
    content: contentOf(data.content),
    attempt,
    sentAt: at,
    deadline: Date.parse(data.deadline),
    unansweredAt: null,
    ...(slot === undefined ? {} : { slot }),
  };
}

/** A removal that was sent at an instant, ms. */
export function removalInFlight({ data, at }: Happened<CodeEventOf<'RemovalSent'>>): InFlight {
  const { commandId, purpose, lockCodeId, attempt } = data;
  return {
    commandId,
    operation: purpose,
    lockCodeId,
    content: null,
    attempt,
    sentAt: at,
    deadline: Date.parse(data.deadline),
    unansweredAt: null,
  };
}

/** The same code with these differences. */
export function changed(code: AccessCode, { wanted, known, trouble, life, managed }: Differing): AccessCode {
  return {
    ...code,
    wanted: wanted ? { ...code.wanted, ...wanted } : code.wanted,
    known: known ? { ...code.known, ...known } : code.known,
    trouble: trouble ? { ...code.trouble, ...trouble } : code.trouble,
    life: managed ? managedOtherwise(life ?? code.life, managed) : (life ?? code.life),
  };
}

interface Differing {
  readonly wanted?: Partial<Wanted>;
  readonly known?: Partial<Known>;
  readonly trouble?: Partial<Trouble>;
  readonly life?: Life;
  /** Of what only managed codes have; passed over for any other. */
  readonly managed?: Partial<Omit<Managed, 'phase'>>;
}
