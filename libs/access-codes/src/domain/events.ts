import { EventCodec } from '@latchkey/event-sourcing';
import { z } from 'zod';

/** Streams `accessCode-<id>`: the whole life of one access code. */
export const ACCESS_CODE = 'accessCode';

const instant = z.iso.datetime();
const window = z.object({ startsAt: instant, endsAt: instant });
export const sealedPin = z.object({ keyId: z.string(), box: z.string() });

/** What a lock holds, or is to hold, of a code. `window` only where the lock keeps time by itself. */
const content = z.object({
  name: z.string().nullable(),
  pin: sealedPin,
  pinFingerprint: z.string(),
  window: window.nullable(),
  /**
   * What was sent to the lock instead, where it does not take name or window as they are; left out: name and window
   * were sent.
   */
  told: z.object({ name: z.string().nullable(), window: window.nullable() }).optional(),
});

const failure = {
  commandId: z.string(),
  /** The lock's or its maker's error code, in upper case; NO_ANSWER where there was none. */
  errorCode: z.string(),
  /** Null where it was erased: it may have repeated a name. */
  message: z.string().nullable(),
  /**
   * permanent: never again until the code is changed; keypad: when something leaves the keypad; offline: when
   * the device is back; outage: not about the code at all; passing: everything else.
   */
  kind: z.enum(['passing', 'permanent', 'keypad', 'offline', 'outage']),
  retryAt: instant.nullable(),
};

const cause = z.enum(['deleted', 'expired']);
const command = z.object({ commandId: z.string() });
const nothing = z.object({});
/** The lock reports that the code is there, but not its digits. */
const masked = z.literal(true);

const shapes = {
  CodeRequested: {
    schema: z.object({
      codeId: z.string(),
      workspaceId: z.string(),
      deviceId: z.string(),
      accountId: z.string(),
      name: z.string().nullable(),
      pin: sealedPin,
      pinFingerprint: z.string(),
      /** Null: an ongoing code. */
      schedule: window.nullable(),
      preferNativeScheduling: z.boolean(),
      externalModificationAllowed: z.boolean(),
      commonCodeKey: z.string().nullable(),
      isOneTimeUse: z.boolean(),
      usesBackupPool: z.boolean(),
      isBackup: z.boolean(),
    }),
  },
  ChangeRequested: {
    schema: z.object({
      name: z.string().nullable().optional(),
      pin: sealedPin.optional(),
      pinFingerprint: z.string().optional(),
      schedule: window.nullable().optional(),
      preferNativeScheduling: z.boolean().optional(),
      externalModificationAllowed: z.boolean().optional(),
      usesBackupPool: z.boolean().optional(),
    }),
  },
  ProgrammingStarted: {
    schema: z.object({
      commandId: z.string(),
      operation: z.enum(['create', 'change']),
      lockCodeId: z.string().nullable(),
      /** The place on the lock that a creation is for, where the lock has numbered ones. */
      slot: z.number().int().optional(),
      content,
      attempt: z.number().int(),
      deadline: instant,
    }),
  },
  /** The maker accepted it; only the lock's report confirms it. */
  ProgrammingAccepted: { schema: z.object({ commandId: z.string(), lockCodeId: z.string() }) },
  /** Sent, but not answered: it may or may not be done. */
  CommandUnanswered: { schema: command },
  ProgrammingFailed: { schema: z.object(failure) },
  ScheduledOnDevice: {
    schema: z.object({ commandId: z.string(), lockCodeId: z.string(), masked: masked.optional() }),
  },
  /** `commandId` is null where a code that was on the lock before came into its window. */
  SetOnDevice: {
    schema: z.object({
      commandId: z.string().nullable(),
      lockCodeId: z.string(),
      masked: masked.optional(),
    }),
  },
  ChangedOnDevice: { schema: command.extend({ masked: masked.optional() }) },
  SettingDelayed: { schema: nothing },
  /** It could have been on the lock by its start, and is not. */
  StartMissed: { schema: nothing },
  RemovalStarted: { schema: z.object({ cause }) },
  RemovalSent: {
    schema: z.object({
      commandId: z.string(),
      lockCodeId: z.string(),
      /** withdrawal: off the lock for now, since its window has moved away. */
      purpose: z.enum(['removal', 'withdrawal']),
      attempt: z.number().int(),
      deadline: instant,
    }),
  },
  RemovalFailed: { schema: z.object(failure) },
  RemovalDelayed: { schema: nothing },
  WithdrawnFromDevice: { schema: z.object({ commandId: z.string().nullable() }) },
  Removed: {
    schema: z.object({
      cause,
      wasOnDevice: z.boolean(),
      /** It may still be on its lock, which is no longer managed here. */
      leftOnLock: z.literal(true).optional(),
    }),
  },
  /** An expired code that had stayed readable was deleted. */
  Forgotten: { schema: nothing },
  ConnectionLost: { schema: nothing },
  ConnectionRestored: { schema: nothing },
  ModifiedExternally: {
    schema: z.object({
      fields: z.array(z.enum(['name', 'code', 'time_frame'])),
      content,
      /** Accepted: what somebody else wrote is what is wanted now. Otherwise it will be set back. */
      accepted: z.boolean(),
    }),
  },
  RemovedExternally: { schema: z.object({ accepted: z.boolean() }) },
  /** A code that was not created here was read back from a lock; its stream begins with this. */
  UnmanagedCodeSeen: {
    schema: z.object({
      codeId: z.string(),
      workspaceId: z.string(),
      deviceId: z.string(),
      accountId: z.string(),
      lockCodeId: z.string(),
      content,
    }),
  },
  UnmanagedCodeChanged: { schema: z.object({ content }) },
  UnmanagedCodeGone: { schema: nothing },
  /** From here on an unmanaged code is managed, as it is on the lock. */
  TakenIntoManagement: { schema: z.object({ externalModificationAllowed: z.boolean() }) },
  /** A managed code on the same lock has its PIN. */
  ConversionRefused: { schema: z.object({ byCodeId: z.string() }) },
  /** A backup code stands in for another one, for this time. */
  BackupAssigned: { schema: z.object({ forCodeId: z.string(), schedule: window }) },
  /** The other code knows of it. */
  BackupHandedOver: { schema: nothing },
  /** A backup code stands in for this one. */
  BackupPulled: { schema: z.object({ backupCodeId: z.string() }) },
  /** The code is no longer managed, and stays on the lock as it is. */
  LetGo: { schema: nothing },
  /** What the code was called is to be nowhere any more; said with all that others need to know of it then. */
  PersonalDataErased: {
    schema: z.object({ workspaceId: z.string(), deviceId: z.string(), accountId: z.string() }),
  },
  /** That is done, in the facts before this one and in all that was made of them. */
  ErasureCompleted: { schema: nothing },
};

export type CodeEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export type CodeEventOf<T extends CodeEvent['type']> = Extract<CodeEvent, { type: T }>;

export const codeCodec = new EventCodec<CodeEvent>(shapes);

export type StoredContent = z.infer<typeof content>;
export type StoredWindow = z.infer<typeof window>;
export type SealedPin = z.infer<typeof sealedPin>;
export type FailureKind = z.infer<typeof failure.kind>;
export type RemovalCause = z.infer<typeof cause>;
export type ExternalField = CodeEventOf<'ModifiedExternally'>['data']['fields'][number];
