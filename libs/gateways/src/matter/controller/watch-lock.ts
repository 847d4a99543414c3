import { NetworkClient } from '@matter/main/node';
import { DoorLockClient, PowerSourceClient } from '@matter/main/behaviors';
import { DoorLock } from '@matter/main/clusters/door-lock';
import type { LockNews } from './messages';
import type { PairedLock } from './paired-lock';

const { AlarmCode, CredentialType, LockOperationType, OperationError, OperationSource } = DoorLock;

/** Somebody is at the lock itself, or has broken the door open. */
const AT_THE_LOCK: ReadonlySet<number> = new Set([
  AlarmCode.FrontEsceutcheonRemoved,
  AlarmCode.DoorForcedOpen,
]);

/** Passes on what the lock says by itself, for as long as its node is there. */
export async function watchLock(paired: PairedLock, onNews: (news: LockNews) => void): Promise<void> {
  const { lockId, node, endpoint } = paired;
  const lock = endpoint.eventsOf(DoorLockClient);
  lock.lockOperation?.on((operation) => {
    const action = actions[operation.lockOperationType];
    if (action === undefined) return;
    const pin = operation.credentials?.find(({ credentialType }) => credentialType === CredentialType.Pin);
    const by = sources[operation.operationSource] ?? 'other';
    onNews({ news: 'operated', lockId, action, by, slot: pin?.credentialIndex ?? operation.userIndex });
  });
  lock.lockOperationError?.on(({ operationError, operationSource }) => {
    if (operationSource !== OperationSource.Keypad) return;
    const { InvalidCredential, DisabledUserDenied, Restricted } = OperationError;
    if ([InvalidCredential, DisabledUserDenied, Restricted].includes(operationError)) {
      onNews({ news: 'wrong-pin', lockId });
    }
  });
  lock.doorLockAlarm?.on(({ alarmCode }) => {
    if (alarmCode === AlarmCode.LockJammed) onNews({ news: 'jammed', lockId });
    if (AT_THE_LOCK.has(alarmCode)) onNews({ news: 'tampered', lockId });
    if (alarmCode === AlarmCode.WrongCodeEntryLimit) onNews({ news: 'wrong-pin', lockId });
    if (alarmCode === AlarmCode.LockFactoryReset) onNews({ news: 'users-changed', lockId });
  });
  lock.lockUserChange?.on(({ operationSource }) => {
    // What came over the air may be ours; what did not is somebody else's.
    if (operationSource !== OperationSource.Remote) onNews({ news: 'users-changed', lockId });
  });
  node.eventsOf(NetworkClient).subscriptionStatusChanged.on((active) => {
    paired.online = active;
  });
  paired.online = await node.act(isSubscribed);
  paired.whenOnlineChanges((online) => onNews({ news: online ? 'online' : 'offline', lockId }));
  if (!node.behaviors.has(PowerSourceClient)) return;
  const power = node.eventsOf(PowerSourceClient) as {
    batChargeLevel$Changed?: { on(f: (v: number) => void): void };
  };
  power.batChargeLevel$Changed?.on((level) => {
    if (level > 0) onNews({ news: 'battery-low', lockId });
  });
}

const isSubscribed = (agent: { get(type: typeof NetworkClient): NetworkClient }): boolean =>
  (agent.get(NetworkClient) as { readonly subscriptionActive: boolean }).subscriptionActive;

const actions: Readonly<Record<number, 'lock' | 'unlock'>> = {
  [LockOperationType.Lock]: 'lock',
  [LockOperationType.Unlock]: 'unlock',
  [LockOperationType.Unlatch]: 'unlock',
};

const sources: Readonly<Record<number, 'keypad' | 'remote' | 'hand'>> = {
  [OperationSource.Keypad]: 'keypad',
  [OperationSource.Remote]: 'remote',
  [OperationSource.ProprietaryRemote]: 'remote',
  [OperationSource.Manual]: 'hand',
  [OperationSource.Button]: 'hand',
};
