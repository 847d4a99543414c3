import type { Caller } from '@latchkey/http';
import { Command } from '@nestjs/cqrs';
import type { DeviceWishes } from '../domain/device-decisions';
import type { AccountWishes } from '../domain/account';

/** Sandbox only: does something to the simulated lock behind a device. */
export class SimulateDevice extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly what: 'connect' | 'disconnect' | 'remove' | 'connect_to_hub' | 'disconnect_from_hub',
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

/** Sandbox only: somebody uses the keypad of a simulated lock. Only the lock gets what they enter. */
export class SimulateKeypad extends Command<{ actionAttemptId: string }> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly what: { readonly enter: string } | 'lock',
  ) {
    super();
  }
}

/** Changes a managed device, or an unmanaged one. Fails with 404 device_not_found for one of the other kind. */
export class UpdateDevice extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly wanted: DeviceWishes,
    readonly kind: 'managed' | 'unmanaged',
  ) {
    super();
  }
}

/** Deletes a device here; its lock is left as it is. Comes back when its account is synced or connected again. */
export class DeleteDevice extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
  ) {
    super();
  }
}

/** How long a device's codes may be, from a client that knows more than the maker reports. */
export class ReportCodeLengths extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly lengths: readonly number[],
  ) {
    super();
  }
}

export class UpdateConnectedAccount extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly connectedAccountId: string,
    readonly wanted: AccountWishes,
  ) {
    super();
  }
}

/** Deletes an account with its devices and codes here; at its lock maker everything is left as it is. */
export class DeleteConnectedAccount extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly connectedAccountId: string,
  ) {
    super();
  }
}

/** Asks an account for its locks now; resolves when the views have the result. */
export class SyncConnectedAccount extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly connectedAccountId: string,
  ) {
    super();
  }
}

/** Sandbox only: the workspace is as it was at its beginning. */
export class ResetSandbox extends Command<{ actionAttemptId: string }> {
  constructor(readonly caller: Caller) {
    super();
  }
}
