import { type Caller } from '@latchkey/event-sourcing';
import { Command } from '@nestjs/cqrs';

/** An unmanaged code becomes managed, with its id, PIN, name and window. */
export class ConvertToManaged extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
    readonly externalModificationAllowed: boolean,
  ) {
    super();
  }
}

/** A managed code becomes unmanaged, and stays on its lock as it is. */
export class LetGoOfAccessCode extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
    /** When given, the code must be on this device. */
    readonly deviceId?: string,
  ) {
    super();
  }
}

/** An unmanaged code is taken off its lock. */
export class DeleteUnmanagedAccessCode extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
  ) {
    super();
  }
}

/** Somebody else puts a code on a simulated lock. Resolves when it has been seen there. */
export class SimulateUnmanagedAccessCode extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly wanted: { readonly deviceId: string; readonly name: string; readonly code: string },
  ) {
    super();
  }
}
