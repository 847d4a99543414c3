import type { Endpoint } from '@matter/main';
import type { ClientNode } from '@matter/main/node';
import {
  BasicInformationClient,
  DoorLockClient,
  PowerSourceClient,
  TimeSynchronizationClient,
} from '@matter/main/behaviors';
import { DoorLock } from '@matter/main/clusters/door-lock';
import { Millis } from '@matter/main';
import { type ClientInteraction, Invoke, Peer } from '@matter/main/protocol';
import { Status, StatusResponseError } from '@matter/main/types';
import type { Answer } from '../../lock-gateway';
import type { FoundLock, FoundUser, Limits, LocalWindow, NewUser } from './messages';
import { notThere, refused } from './refusals';

/** One window a user is as many as we need. */
const SCHEDULE = 1;

type Fields = Readonly<Record<string, unknown>>;

/** One lock of the fabric: a node's endpoint that is a door lock. Calls come one at a time. */
export class PairedLock {
  readonly lockId: string;
  private answers = false;
  private onAnswers: ((answers: boolean) => void) | undefined;

  constructor(
    readonly node: ClientNode,
    readonly endpoint: Endpoint,
    private readonly limits: Limits,
  ) {
    this.lockId = lockIdOf(node, endpoint);
  }

  /** As it was when it was last heard of, or asked without success. */
  get online(): boolean {
    return this.answers;
  }

  set online(online: boolean) {
    const changed = online !== this.answers;
    this.answers = online;
    if (changed) this.onAnswers?.(online);
  }

  /** @param told whenever the lock begins or stops answering */
  whenOnlineChanges(told: (online: boolean) => void): void {
    this.onAnswers = told;
  }

  describe(): FoundLock {
    const { node, lockId } = this;
    const basic = node.maybeStateOf(BasicInformationClient);
    const lock = this.endpoint.stateOf(DoorLockClient);
    const features = (lock as { featureMap?: Partial<Record<string, boolean>> }).featureMap ?? {};
    const takesPins = features['pinCredential'] === true && features['user'] === true;
    const battery = node.maybeStateOf(PowerSourceClient)?.batPercentRemaining ?? null;
    const model = [basic?.vendorName, basic?.productName].filter(Boolean).join(' ');
    return {
      lockId,
      name: basic?.nodeLabel || basic?.productName || lockId,
      model: model === '' ? null : model,
      online: this.online,
      // Told in halves of a percent.
      batteryLevel: typeof battery === 'number' ? battery / 200 : null,
      timeZone: node.maybeStateOf(TimeSynchronizationClient)?.timeZone?.[0]?.name ?? null,
      pinLengths: { shortest: lock.minPinCodeLength ?? 4, longest: lock.maxPinCodeLength ?? 8 },
      users: takesPins
        ? Math.min(lock.numberOfPinUsersSupported ?? 0, lock.numberOfTotalUsersSupported ?? 0)
        : 0,
      schedules:
        features['yearDayAccessSchedules'] === true &&
        (lock.numberOfYearDaySchedulesSupportedPerUser ?? 0) > 0,
    };
  }

  /** All users' places that hold something, in their order. */
  async users(): Promise<Answer<FoundUser[]>> {
    return this.whenConnected('reading', async () => {
      const users: FoundUser[] = [];
      let slot: number | null = 1;
      while (slot !== null) {
        const read = (await this.invoke('getUser', { userIndex: slot })) as DoorLock.GetUserResponse;
        const user = await this.found(slot, read);
        if (user !== null) users.push(user);
        slot = read.nextUserIndex ?? null;
      }
      return users;
    });
  }

  async setUser({ slot, name, pin, window }: NewUser): Promise<Answer<null>> {
    const there = await this.userAt(slot);
    if (there.kind !== 'answered') return there;
    // One of ours without a PIN was left there when somebody died, or the lock fell silent, in the middle.
    const isLeft = there.value !== null && there.value.isOurs && !there.value.hasPin;
    if (there.value !== null && !isLeft)
      return refused('SLOT_OCCUPIED', 'another user has that place on the lock');
    return this.whenConnected('writing', async () => {
      if (isLeft) await this.invoke('clearUser', { userIndex: slot });
      const { OccupiedEnabled } = DoorLock.UserStatus;
      const { YearDayScheduleUser, UnrestrictedUser } = DoorLock.UserType;
      await this.invoke('setUser', {
        operationType: DoorLock.DataOperationType.Add,
        userIndex: slot,
        userName: name ?? '',
        userUniqueId: null,
        userStatus: OccupiedEnabled,
        userType: window ? YearDayScheduleUser : UnrestrictedUser,
        credentialRule: DoorLock.CredentialRule.Single,
      });
      // The PIN comes last: until its window is there, the user has none.
      if (window) {
        await this.invoke('setYearDaySchedule', {
          ...{ yearDayIndex: SCHEDULE, userIndex: slot },
          ...{ localStartTime: window.startsAt, localEndTime: window.endsAt },
        });
      }
      const refusal = await this.setPin(slot, pin);
      if (refusal === null) return null;
      // Nobody is to find a user without a PIN there.
      await this.invoke('clearUser', { userIndex: slot });
      throw new Refused(refusal);
    });
  }

  /** @returns why the lock does not take it, or null */
  private async setPin(slot: number, pin: string): Promise<string | null> {
    try {
      const { status } = (await this.invoke('setCredential', {
        operationType: DoorLock.DataOperationType.Add,
        credential: { credentialType: DoorLock.CredentialType.Pin, credentialIndex: slot },
        credentialData: new TextEncoder().encode(pin),
        ...{ userIndex: slot, userStatus: null, userType: null },
      })) as DoorLock.SetCredentialResponse;
      return status === Status.Success ? null : refusalOf(status);
    } catch (error) {
      if (!(error instanceof StatusResponseError)) throw error;
      return refusalOf(error.code);
    }
  }

  async clearUser(slot: number): Promise<Answer<null>> {
    const there = await this.userAt(slot);
    if (there.kind !== 'answered') return there;
    if (there.value === null) return notThere('that user');
    return this.whenConnected('writing', async () => {
      await this.invoke('clearUser', { userIndex: slot });
      return null;
    });
  }

  async operate(action: 'lock' | 'unlock'): Promise<Answer<null>> {
    const reached = await this.whenConnected('reading', () => this.invoke('getUser', { userIndex: 1 }));
    if (reached.kind !== 'answered') return reached;
    return this.whenConnected('writing', async () => {
      await this.invoke(action === 'lock' ? 'lockDoor' : 'unlockDoor', {});
      return null;
    });
  }

  /** Also finds out whether the lock answers at all, before anything is written. */
  private userAt(slot: number): Promise<Answer<FoundUser | null>> {
    return this.whenConnected('reading', async () =>
      this.found(slot, (await this.invoke('getUser', { userIndex: slot })) as DoorLock.GetUserResponse),
    );
  }

  private async found(slot: number, read: DoorLock.GetUserResponse): Promise<FoundUser | null> {
    const { userStatus, credentials, creatorFabricIndex, lastModifiedFabricIndex } = read;
    if (userStatus === null || userStatus === DoorLock.UserStatus.Available) return null;
    const us = this.node.maybeStateOf('commissioning')?.['fabricIndexOnPeer'] as number | undefined;
    const scheduled = read.userType === DoorLock.UserType.YearDayScheduleUser;
    return {
      slot,
      name: read.userName === '' ? null : read.userName,
      enabled: userStatus === DoorLock.UserStatus.OccupiedEnabled,
      hasPin: (credentials ?? []).some(
        ({ credentialType }) => credentialType === DoorLock.CredentialType.Pin,
      ),
      isOurs: us !== undefined && creatorFabricIndex === us && lastModifiedFabricIndex === us,
      window: scheduled ? await this.windowOf(slot) : null,
    };
  }

  /** A scheduled user without a schedule never gets in. */
  private async windowOf(slot: number): Promise<LocalWindow> {
    const read = (await this.invoke('getYearDaySchedule', {
      ...{ yearDayIndex: SCHEDULE, userIndex: slot },
    })) as DoorLock.GetYearDayScheduleResponse;
    return { startsAt: read.localStartTime ?? 0, endsAt: read.localEndTime ?? 0 };
  }

  /** @param what whether a command whose answer fails to come may have been done */
  private async whenConnected<T>(what: 'reading' | 'writing', work: () => Promise<T>): Promise<Answer<T>> {
    const offline = {
      kind: 'refused',
      errorCode: 'DEVICE_OFFLINE',
      message: 'the lock does not answer',
    } as const;
    try {
      await this.node.env.get(Peer).connect({ connectionTimeout: Millis(this.limits.connectMs) });
    } catch {
      this.online = false;
      return offline;
    }
    try {
      const value = await work();
      this.online = true;
      return { kind: 'answered', value };
    } catch (error) {
      if (error instanceof Refused) return refused(error.errorCode, 'the lock refused it');
      if (error instanceof StatusResponseError)
        return refused(`STATUS_${Status[error.code]?.toUpperCase() ?? error.code}`, 'the lock refused it');
      this.online = false;
      return what === 'reading' ? offline : { kind: 'unknown', message: 'the lock did not answer' };
    }
  }

  /** Without a limit a command to a lock that is away waits, and is done much later. */
  private async invoke(command: string, fields: Fields): Promise<unknown> {
    const abort = AbortSignal.timeout(this.limits.answerMs);
    const request = Invoke({
      commands: [
        Invoke.ConcreteCommandRequest({
          endpoint: this.endpoint,
          cluster: DoorLock,
          command,
          fields,
        } as never),
      ],
      timeout: Millis(this.limits.answerMs),
    });
    const session = { abort, connectionTimeout: Millis(this.limits.connectMs) };
    for await (const chunk of (this.node.interaction as ClientInteraction).invoke(request, session)) {
      for (const entry of chunk) {
        if (entry.kind === 'cmd-response') return entry.data;
        if (entry.status !== Status.Success)
          throw StatusResponseError.create(entry.status, undefined, entry.clusterStatus);
        return null;
      }
    }
    return null;
  }
}

class Refused extends Error {
  constructor(readonly errorCode: string) {
    super(errorCode);
  }
}

/** A door lock's own words beside the common ones. Some locks say FAILURE where they mean that a PIN is there already. */
const [DUPLICATE, OCCUPIED] = [0x02, 0x03];

function refusalOf(status: number): string {
  if (status === (Status.Failure as number) || status === DUPLICATE) return 'PIN_CONFLICT';
  if (status === OCCUPIED) return 'SLOT_OCCUPIED';
  if (status === (Status.ResourceExhausted as number)) return 'LOCK_FULL';
  return 'INVALID_PIN';
}

/** By its serial number, which stays when it is paired again; a bridge or a double lock has several endpoints. */
function lockIdOf(node: ClientNode, endpoint: Endpoint): string {
  const basic = node.maybeStateOf(BasicInformationClient);
  const address = String(node.peerAddress?.nodeId);
  const maker = `${basic?.vendorId ?? 0}-${basic?.productId ?? 0}`;
  const own = basic?.serialNumber ? `${maker}-${basic.serialNumber}` : (basic?.uniqueId ?? `node-${address}`);
  return `${own}-${endpoint.number}`;
}
