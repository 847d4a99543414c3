import { DeciderStreams, type EventStore } from '@latchkey/event-sourcing';
import type { Clock, Ids } from '@latchkey/platform';
import { DoorLog } from './door-log';
import { type Account, ACCOUNT, accountCodec, type AccountEvent, accountFold } from './domain/account';
import {
  ACTION_ATTEMPT,
  type ActionAttempt,
  actionCodec,
  type ActionEvent,
  actionFold,
} from './domain/action-attempt';
import { type Device, DEVICE, deviceCodec, type DeviceEvent, deviceFold } from './domain/device';

/** The streams of devices, their accounts, their doors and the actions of their locks. */
export class DeviceStreams {
  readonly devices: DeciderStreams<Device | null, DeviceEvent>;
  readonly accounts: DeciderStreams<Account | null, AccountEvent>;
  readonly attempts: DeciderStreams<ActionAttempt | null, ActionEvent>;
  readonly doors: DoorLog;

  /** @param alone no other process appends to these streams */
  constructor(store: EventStore, clock: Clock, ids: Ids, alone = false) {
    const shared = { store, clock, ids, alone };
    this.devices = new DeciderStreams({ ...shared, category: DEVICE, codec: deviceCodec, fold: deviceFold });
    this.accounts = new DeciderStreams({
      ...shared,
      category: ACCOUNT,
      codec: accountCodec,
      fold: accountFold,
    });
    this.attempts = new DeciderStreams({
      ...shared,
      category: ACTION_ATTEMPT,
      codec: actionCodec,
      fold: actionFold,
      cacheSize: 1000,
    });
    this.doors = new DoorLog(shared);
  }
}
