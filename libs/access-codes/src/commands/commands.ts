import type { Caller, Position } from '@latchkey/event-sourcing';
import { Command } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
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

/** A code that was created, now or by an earlier try of the request. */
export interface CreatedCode {
  readonly accessCodeId: string;
  /** The views have it when they have passed this. */
  readonly position: Position;
  /** As it is by now. */
  readonly code: AccessCode;
}

/** Resolves when the code is stored; the views may follow later. */
export class CreateAccessCode extends Command<CreatedCode> {
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
