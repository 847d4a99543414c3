import {
  type Caller,
  type Cause,
  inStream,
  encodedBy,
  type Fact,
  type FaultyEventStore,
  InMemoryEventStore,
  type Position,
  type Projected,
  projected,
  type Running,
  Scenario,
  VIEW_BARRIER,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import type { LockDescription, LockRef } from '@latchkey/gateways';
import {
  CLOCK,
  CONFIG,
  createLogger,
  GATEWAY,
  MINUTE,
  SandboxClock,
  SeededIds,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { type Command, CommandBus, CqrsModule, type Query, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { accountHandlers } from '../commands/account-handlers';
import { actionHandlers } from '../commands/action-handlers';
import { deviceHandlers } from '../commands/device-handlers';
import { type AccountEvent, accountCodec } from '../domain/account';
import { type ActionEvent, actionCodec } from '../domain/action-attempt';
import { type DeviceEvent, deviceCodec } from '../domain/device';
import { type DoorEvent, doorCodec } from '../domain/door';
import { AccountWatch, deviceIdOf } from '../process-manager/account-watch';
import { type CodesOnDevice, Departures } from '../process-manager/departures';
import { DeviceStreams } from '../streams';
import {
  deviceQueryHandlers,
  DevicesProjection,
  type DevicesTables,
  GetActionAttemptHandler,
} from '../views';
import { LocksOfViews } from './locks-of-views';
import { ScriptedLocks } from './scripted-locks';

export const T0 = Date.UTC(2026, 5, 1, 12);
export const WORKSPACE = 'workspace-1';
export const ACCOUNT_ID = 'account-1';
export const LOCK: LockRef = { accountId: ACCOUNT_ID, maker: 'acme', lockId: 'lock-1' };
export const DEVICE_ID = deviceIdOf(ACCOUNT_ID, LOCK.lockId);
export const SETTINGS = {
  accountPollEvery: 30 * MINUTE,
  clockDriftTolerance: MINUTE,
  retryFirst: 5_000,
  retryLimit: 10 * MINUTE,
  commandDeadline: MINUTE,
  sandbox: false,
};

/** The caller; `requestId` distinguishes one request from another. */
export const caller = (requestId = 'request-1', workspaceId = WORKSPACE): Caller => ({
  workspaceId,
  requestId,
  actor: { type: 'api_key', id: 'key-1' },
});

export const cause: Cause = {
  correlationId: 'test',
  causationId: 'test',
  actor: { type: 'system' },
  workspaceId: WORKSPACE,
};

/** A lock as its maker describes it, with these differences. */
export const described = (otherwise: Partial<LockDescription> = {}): LockDescription => ({
  lockId: LOCK.lockId,
  name: 'Front Door',
  model: null,
  online: true,
  batteryLevel: null,
  timeZone: null,
  clockDrift: null,
  updatedAt: null,
  ...otherwise,
  capabilities: {
    nativeScheduling: true,
    supportedCodeLengths: [4, 6],
    codeConstraints: [],
    maxActiveCodes: null,
    canRemotelyLock: true,
    canRemotelyUnlock: true,
    ...otherwise.capabilities,
  },
});

export const onAccount = (...events: AccountEvent[]): Fact[] => inStream(`account-${ACCOUNT_ID}`, ...events);
export const onDevice = (...events: DeviceEvent[]): Fact[] => inStream(`device-${DEVICE_ID}`, ...events);
export const onAttempt = (attemptId: string, ...events: ActionEvent[]): Fact[] =>
  inStream(`actionAttempt-${attemptId}`, ...events);
export const atDoor = (...events: DoorEvent[]): Fact[] => inStream(`door-${DEVICE_ID}`, ...events);

/** The account was connected. */
export const connected = (
  otherwise: Partial<Extract<AccountEvent, { type: 'AccountConnected' }>['data']> = {},
): Fact[] =>
  onAccount({
    type: 'AccountConnected',
    data: {
      ...{ accountId: ACCOUNT_ID, workspaceId: WORKSPACE, maker: LOCK.maker, displayName: 'Acme' },
      ...otherwise,
    },
  });

/** A lock of the account, as the device that it is. */
export const added = (lock: LockDescription = described(), managed?: false): Fact[] => {
  const { lockId, name, model, timeZone, capabilities } = lock;
  const deviceId = deviceIdOf(ACCOUNT_ID, lockId);
  const description = structuredClone({ name, model, timeZone, capabilities }) as never;
  return inStream<DeviceEvent>(`device-${deviceId}`, {
    type: 'DeviceAdded',
    data: {
      ...{ deviceId, workspaceId: WORKSPACE, accountId: ACCOUNT_ID, maker: LOCK.maker, lockId, description },
      ...(managed === undefined ? {} : { managed }),
    },
  });
};

const CODECS = { account: accountCodec, device: deviceCodec, actionAttempt: actionCodec, door: doorCodec };

/** The feature at work, on the store of a scenario. */
export interface RunningDevices extends Running<Command<unknown>> {
  readonly streams: DeviceStreams;
  readonly departures: Departures;
  readonly watch: AccountWatch;
  readonly locks: LocksOfViews;
  readonly views: Projected<DevicesTables>;
  ask<R>(query: Query<R>): Promise<R>;
}

/**
 * Commands and process manager of devices on an event store in memory, a clock that stands still, views on SQLite and a
 * lock maker with scripted answers.
 */
export class DeviceScenario extends Scenario<Command<unknown>, RunningDevices> {
  store = new InMemoryEventStore();
  readonly world = undefined;
  readonly clock = new SandboxClock({ now: T0, running: false });
  readonly maker = new ScriptedLocks();
  /** What was done with the codes of removed devices, and with accounts. */
  readonly told: string[] = [];
  /** The positions for which answers have waited. */
  readonly awaited: (Position | undefined)[] = [];
  /** Called when codes are abandoned or become unmanaged; returns the position. */
  onCodes: (deviceId: string) => Promise<Position | undefined> = () => Promise.resolve(undefined);
  /** What the server knows of its own clock. */
  readonly ownClock = {
    offset: 0,
    doubted: 0,
    believe: () => undefined,
    doubt: () => void this.ownClock.doubted++,
  };

  private readonly ids = new SeededIds('devices');

  protected open(): void {
    this.store = new InMemoryEventStore();
    this.told.length = this.awaited.length = 0;
  }

  encoded(fact: Fact) {
    const written = { id: this.ids.uuid(), at: this.clock.now(), workspaceId: WORKSPACE };
    return encodedBy(CODECS, fact, written);
  }

  protected async start(store: FaultyEventStore): Promise<RunningDevices> {
    const { clock, ids, maker } = this;
    const views = await projected<DevicesTables>({
      ...{ store, clock, on: 'memory', projections: [new DevicesProjection()] },
      // Late, so that a reader that does not wait for it gets the state before.
      linger: () => 200,
    });
    const streams = new DeviceStreams(store, clock, ids);
    const locks = new LocksOfViews(views);
    const codes: CodesOnDevice = {
      abandon: (deviceId) => this.tell('abandoned', deviceId),
      letGo: (deviceId) => this.tell('let go', deviceId),
      seeAllOff: async (deviceId) => void (await this.tell('seen off', deviceId)),
    };
    const departures = new Departures({
      ...{ streams, locks, codes },
      forgetAccount: async (accountId) => void (await this.tell('forgotten', accountId)),
    });
    const watch = new AccountWatch({
      ...{ streams, locks, departures, clock, gateway: maker, ownClock: this.ownClock, settings: SETTINGS },
      known: { atLeast: () => undefined, loaded: () => undefined },
      logger: createLogger('silent'),
    });
    const barrier: ViewBarrier = {
      reached: (position) => {
        this.awaited.push(position);
        return views.reached(position);
      },
      caughtUp: () => views.caughtUp(),
    };
    const module = await wired({ streams, departures, watch, views, barrier, clock, maker });
    const [commands, queries] = [module.get(CommandBus), module.get(QueryBus)];
    return {
      ...{ streams, departures, watch, locks, views },
      execute: (command) => commands.execute(command),
      ask: (query) => queries.execute(query),
      caughtUp: () => views.caughtUp(),
      async close() {
        await module.close();
        await views.close();
      },
    };
  }

  private async tell(what: string, id: string): Promise<Position | undefined> {
    this.told.push(`${what} ${id}`);
    return what === 'forgotten' ? undefined : this.onCodes(id);
  }
}

/** The handlers as the server's module has them. */
async function wired(parts: {
  streams: DeviceStreams;
  departures: Departures;
  watch: AccountWatch;
  views: Projected<DevicesTables>;
  barrier: ViewBarrier;
  clock: SandboxClock;
  maker: ScriptedLocks;
}): Promise<TestingModule> {
  const { streams, departures, watch, views, barrier, clock, maker } = parts;
  const module = await Test.createTestingModule({
    imports: [CqrsModule.forRoot()],
    providers: [
      { provide: DeviceStreams, useValue: streams },
      { provide: Departures, useValue: departures },
      { provide: AccountWatch, useValue: watch },
      { provide: VIEW_BARRIER, useValue: barrier },
      { provide: VIEWS_DATABASE, useValue: views.database },
      { provide: CLOCK, useValue: clock },
      { provide: CONFIG, useValue: SETTINGS },
      { provide: GATEWAY, useValue: maker },
      ...[...deviceHandlers, ...accountHandlers, ...actionHandlers],
      ...[...deviceQueryHandlers, GetActionAttemptHandler],
    ],
  }).compile();
  return module.init();
}
