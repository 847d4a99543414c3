import { Bytes, Environment, type FabricIndex, Logger, LogLevel, ServerNode, VendorId } from '@matter/main';
import { DoorLockServer } from '@matter/main/behaviors';
import { DoorLock } from '@matter/main/clusters/door-lock';
import { DoorLockDevice } from '@matter/main/devices';
import { LossyPath } from './lossy-path';
import type { AskedOfLocks, MadeLock, SimulatedAbilities } from './lock-messages';

/**
 * Matter locks in a process of their own: the library's own lock, which keeps users and PINs as the specification says
 * but lets everybody in at all times. What a keypad makes of a PIN is decided here, by schedules and clock.
 */
const SimulatedServer = DoorLockServer.with(
  ...(['PinCredential', 'User', 'YearDayAccessSchedules', 'CredentialOverTheAirAccess'] as const),
);

/** Of locks that do what they are told next, and whose answer to it is lost: the way to them. */
const losing = new Map<object, { readonly path: LossyPath; readonly write: 'pin' | 'user' }>();

class SimulatedDoorLock extends SimulatedServer {
  override async setCredential(
    request: DoorLock.SetCredentialRequest,
  ): Promise<DoorLock.SetCredentialResponse> {
    const answer = await super.setCredential(request);
    this.loseAnswer('pin');
    return answer;
  }

  override async setUser(request: DoorLock.SetUserRequest): Promise<void> {
    await super.setUser(request);
    this.loseAnswer('user');
  }

  override async clearUser(request: DoorLock.ClearUserRequest): Promise<void> {
    await super.clearUser(request);
    this.loseAnswer('pin');
  }

  private loseAnswer(write: 'pin' | 'user'): void {
    const lost = losing.get(this.endpoint);
    if (lost?.write !== write) return;
    const { path } = lost;
    losing.delete(this.endpoint);
    path.mute = path.deaf = true;
  }

  /** @param at the time of day at the door, in seconds, as if it were UTC */
  opens(pin: string, at: number): boolean {
    const typed = new TextEncoder().encode(pin);
    const credential = this.auth.credentials.find(({ credentialType, credentialData }) => {
      const held: Uint8Array = Bytes.of(this.auth.decrypt(credentialData));
      return credentialType === DoorLock.CredentialType.Pin && Buffer.from(held).equals(typed);
    });
    if (!credential) return false;
    const index = this.auth.findUserIndexForCredential(
      DoorLock.CredentialType.Pin,
      credential.credentialIndex,
    );
    const user = index === null ? undefined : this.auth.findUser(index);
    if (user?.userStatus !== DoorLock.UserStatus.OccupiedEnabled) return false;
    if (user.userType === DoorLock.UserType.UnrestrictedUser) return true;
    return this.state.yearDaySchedules.some(
      ({ userIndex, localStartTime, localEndTime }) =>
        userIndex === user.userIndex && localStartTime <= at && at < localEndTime,
    );
  }
}

const locks = new Map<
  string,
  { path: LossyPath; door: { act: (work: (agent: Agent) => unknown) => unknown } }
>();
type Agent = { get(type: typeof SimulatedDoorLock): SimulatedDoorLock };

async function make(serial: string, port: number, abilities: SimulatedAbilities): Promise<MadeLock> {
  const node = await ServerNode.create({
    id: serial,
    network: { port },
    commissioning: { passcode: 20202021 + port, discriminator: port % 4096 },
    productDescription: { name: serial, deviceType: DoorLockDevice.deviceType },
    basicInformation: {
      ...{ vendorName: 'Simulated', productName: 'Lock', vendorId: VendorId(0xfff1), productId: 0x8000 },
      ...{ serialNumber: serial, nodeLabel: serial },
    },
  });
  const users = abilities.users ?? 20;
  const door = await node.add(DoorLockDevice.with(SimulatedDoorLock), {
    id: 'door',
    doorLock: {
      ...{
        lockType: DoorLock.LockType.DeadBolt,
        actuatorEnabled: true,
        lockState: DoorLock.LockState.Locked,
      },
      ...{ operatingMode: DoorLock.OperatingMode.Normal, wrongCodeEntryLimit: 20 },
      ...{ userCodeTemporaryDisableTime: 1, requirePinForRemoteOperation: false, sendPinOverTheAir: false },
      ...{ numberOfTotalUsersSupported: users, numberOfPinUsersSupported: users },
      ...{ numberOfCredentialsSupportedPerUser: 1, credentialRulesSupport: { single: true } },
      ...{ minPinCodeLength: 4, maxPinCodeLength: 8 },
      numberOfYearDaySchedulesSupportedPerUser: abilities.schedules === false ? 0 : 1,
    },
  } as never);
  await node.start();
  const path = await LossyPath.to(port);
  locks.set(serial, { path, door });
  const { manualPairingCode: pairingCode, qrPairingCode: qrCode } = node.state.commissioning.pairingCodes;
  return { serial, pairingCode, qrCode, port: path.port };
}

/** Somebody at the keypad: no fabric of ours did it. */
function changeByHand(agent: Agent, slot: number, name: string, pin: string | null): void {
  const lock = agent.get(SimulatedDoorLock);
  const { auth } = lock;
  const { Pin } = DoorLock.CredentialType;
  const nobody = 0 as FabricIndex;
  auth.removeUser(slot);
  auth.removeCredential(Pin, slot);
  if (pin !== null) {
    auth.addCredential(Pin, slot, new TextEncoder().encode(pin), nobody);
    auth.addUser({
      ...{ userIndex: slot, userName: name, userUniqueId: null, creatorFabricIndex: nobody },
      ...{ userStatus: DoorLock.UserStatus.OccupiedEnabled, userType: DoorLock.UserType.UnrestrictedUser },
      ...{ credentialRule: DoorLock.CredentialRule.Single, lastModifiedFabricIndex: nobody },
      credentials: [{ credentialType: Pin, credentialIndex: slot }],
    });
  }
  const { Add, Clear } = DoorLock.DataOperationType;
  lock.events.lockUserChange.emit(
    {
      ...{ lockDataType: DoorLock.LockDataType.Pin, dataOperationType: pin === null ? Clear : Add },
      ...{ operationSource: DoorLock.OperationSource.Keypad, userIndex: slot, dataIndex: slot },
      ...{ fabricIndex: null, sourceNode: null },
    },
    lock.context,
  );
}

async function answerTo(asked: AskedOfLocks): Promise<unknown> {
  if (asked.ask === 'make') return make(asked.serial, asked.port, asked.abilities);
  const { path, door } = locks.get(asked.serial)!;
  if (asked.ask === 'lose-next') return void losing.set(door, { path, write: asked.write });
  if (asked.ask === 'online') {
    losing.delete(door);
    return void (path.deaf = path.mute = !asked.online);
  }
  if (asked.ask === 'users')
    return door.act((agent) =>
      agent
        .get(SimulatedDoorLock)
        .auth.users.map(({ userIndex }) => userIndex)
        .sort((a, b) => a - b),
    );
  if (asked.ask === 'alarm')
    return door.act((agent) => {
      const lock = agent.get(SimulatedDoorLock);
      lock.events.doorLockAlarm.emit({ alarmCode: asked.code }, lock.context);
    });
  if (asked.ask === 'by-hand')
    return door.act((agent) => changeByHand(agent, asked.slot, asked.name, asked.pin));
  return door.act((agent) => agent.get(SimulatedDoorLock).opens(asked.pin, asked.at));
}

Logger.level = LogLevel.FATAL;
Environment.default.vars.set('storage.path', process.argv[2]!);
Environment.default.vars.set('mdns.networkInterface', 'lo');
Environment.default.vars.set('runtime.signals', false);
process.on('message', ({ id, asked }: { id: number; asked: AskedOfLocks }) => {
  answerTo(asked).then(
    (value) => process.send?.({ id, value: value ?? null }),
    (error: unknown) => process.send?.({ id, failed: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
