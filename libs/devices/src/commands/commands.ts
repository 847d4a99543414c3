import type { Caller } from '@latchkey/http';
import { Command } from '@nestjs/cqrs';

/** Sandbox only: does something to the simulated lock behind a device. */
export class SimulateDevice extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly what: 'connect' | 'disconnect' | 'remove',
  ) {
    super();
  }
}

/** Sandbox only: the grant of an account is lost, or given again. */
export class SimulateAccount extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly connectedAccountId: string,
    readonly what: 'connect' | 'disconnect',
  ) {
    super();
  }
}
