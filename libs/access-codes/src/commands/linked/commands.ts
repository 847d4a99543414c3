import type { Caller } from '@latchkey/http';
import { Command } from '@nestjs/cqrs';
import type { WantedCode } from '../commands';

/** The same code on several devices: all of them, or none. */
export class CreateAccessCodes extends Command<{ accessCodeIds: string[] }> {
  constructor(
    readonly caller: Caller,
    readonly deviceIds: readonly string[],
    readonly wanted: Omit<WantedCode, 'deviceId'>,
    /** What to do where a device can't have the code that the others have. */
    readonly otherwise: 'throw' | 'create_random_code',
  ) {
    super();
  }
}

/** The same change to all codes that share a key: to all of them, or to none. Instants in ms. */
export class UpdateAccessCodes extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly commonCodeKey: string,
    readonly wanted: { readonly name?: string; readonly startsAt?: number; readonly endsAt?: number },
  ) {
    super();
  }
}
