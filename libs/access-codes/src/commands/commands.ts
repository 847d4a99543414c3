import { type Caller } from '@latchkey/event-sourcing';
import { Command } from '@nestjs/cqrs';
import type { TimeRounding } from './requests';

/** Instants are ms since the epoch. */
export interface WantedCode {
  readonly deviceId: string;
  readonly name?: string;
  readonly code?: string;
  readonly startsAt?: number;
  readonly endsAt?: number;
  readonly preferredCodeLength?: number;
  readonly preferNativeScheduling?: boolean;
  readonly externalModificationAllowed?: boolean;
  readonly usesBackupPool?: boolean;
  readonly commonCodeKey?: string;
  /** It has a PIN of its own, although others with its key share one. */
  readonly hasOwnPin?: boolean;
  readonly attemptForOfflineDevice?: boolean;
  readonly isOfflineAccessCode?: boolean;
  readonly isOneTimeUse?: boolean;
  readonly maxTimeRounding?: TimeRounding;
}

export interface WantedChange {
  readonly deviceId?: string;
  /** Null: none. */
  readonly name?: string | null;
  readonly code?: string;
  readonly startsAt?: number;
  readonly endsAt?: number;
  readonly type?: 'ongoing' | 'time_bound';
  readonly preferNativeScheduling?: boolean;
  readonly externalModificationAllowed?: boolean;
  readonly usesBackupPool?: boolean;
  readonly attemptForOfflineDevice?: boolean;
  readonly maxTimeRounding?: TimeRounding;
}

/** Resolves when the views have the code. */
export class CreateAccessCode extends Command<{ accessCodeId: string }> {
  constructor(
    readonly caller: Caller,
    readonly wanted: WantedCode,
    /** Which try of the request this is, where tries are taken back: counts from 1. */
    readonly attempt = 1,
  ) {
    super();
  }
}

export class UpdateAccessCode extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
    readonly wanted: WantedChange,
  ) {
    super();
  }
}

export class DeleteAccessCode extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
    /** When given, the code must be on this device. */
    readonly deviceId?: string,
  ) {
    super();
  }
}
