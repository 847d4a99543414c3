import { MINUTE } from '@latchkey/platform';
import { decidedTwice, type DecidersOf } from '@latchkey/event-sourcing';
import type { LockDescription } from '@latchkey/gateways';
import fc from 'fast-check';
import * as account from './account';
import * as action from './action-attempt';
import * as device from './device-decisions';
import { type Device, type DeviceEvent, deviceFold } from './device';
import { type DoorEvent, recordAtDoor } from './door';

const T0 = Date.UTC(2026, 5, 1, 12);

/** A command with its parameters. */
type Command<S, E> = (state: S) => readonly E[];
type Commands<S, E, Name extends string> = Record<Name, fc.Arbitrary<Command<S, E>>>;

const text = fc.constantFrom('a', 'b', 'c');
const metadata = fc.dictionary(text, fc.oneof(text, fc.boolean()), { maxKeys: 2 });

const wishes: fc.Arbitrary<account.AccountWishes> = fc.record(
  {
    displayName: text,
    customMetadata: metadata,
    customerKey: text,
    managesNewDevices: fc.boolean(),
    acceptedCapabilities: fc.subarray(['lock', 'camera']),
  },
  { requiredKeys: [] },
);
const login = fc.option(fc.record({ connectWebviewId: text, wishes }), { nil: undefined });
const owner = { accountId: 'account', workspaceId: 'workspace', maker: 'sandbox', displayName: 'a' };

const onAccount: Commands<
  account.Account | null,
  account.AccountEvent,
  Exclude<DecidersOf<typeof account, account.AccountEvent>, 'requestSync'>
> = {
  connect: login.map((by) => (state) => account.connect(state, owner, by)),
  updateAccount: wishes.map((wanted) => (state) => account.updateAccount(state, wanted)),
  completeSync: fc.constant(account.completeSync),
  disconnect: text.map((reason) => (state) => account.disconnect(state, reason)),
  reconnect: fc.constant(account.reconnect),
  removeAccount: fc.constant(account.removeAccount),
  unreachable: text.map((reason) => (state) => account.unreachable(state, reason)),
  reachable: fc.constant(account.reachable),
};

const seen: fc.Arbitrary<LockDescription> = fc.record({
  lockId: fc.constant('lock'),
  name: text,
  model: fc.option(text),
  online: fc.boolean(),
  hubOnline: fc.boolean(),
  batteryLevel: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  timeZone: fc.constantFrom(null, 'Europe/Berlin'),
  clockDrift: fc.option(fc.integer({ min: -120_000, max: 120_000 })),
  updatedAt: fc.constant(null),
  capabilities: fc.record({
    nativeScheduling: fc.boolean(),
    supportedCodeLengths: fc.subarray([4, 5, 6], { minLength: 1 }),
    codeConstraints: fc.constant([]),
    maxActiveCodes: fc.option(fc.nat(9)),
    canRemotelyLock: fc.boolean(),
    canRemotelyUnlock: fc.boolean(),
  }),
});
const lock = {
  deviceId: 'device',
  workspaceId: 'workspace',
  accountId: 'account',
  maker: 'm',
  lockId: 'lock',
};
const deviceWishes: fc.Arbitrary<device.DeviceWishes> = fc.record(
  {
    nickname: fc.option(text),
    customMetadata: fc.dictionary(text, fc.option(text), { maxKeys: 2 }),
    backupPool: fc.boolean(),
    managed: fc.boolean(),
  },
  { requiredKeys: [] },
);

const onDevice: Commands<Device | null, DeviceEvent, DecidersOf<typeof device, DeviceEvent>> = {
  observe: seen.map((as) => (state) => device.observe(state, as, { clockDriftTolerance: MINUTE })),
  connection: fc
    .tuple(fc.boolean(), fc.constantFrom('device_disconnected' as const, 'hub_disconnected' as const))
    .map(
      ([online, because]) =>
        (state) =>
          device.connection(state, online, because),
    ),
  add: fc.tuple(seen, fc.boolean()).map(
    ([as, managed]) =>
      (state) =>
        device.add(state, lock, as, managed),
  ),
  remove: fc.constant(device.remove),
  deleteDevice: fc.nat(3).map((intake) => (state) => device.deleteDevice(state, intake)),
  updateDevice: deviceWishes.map((wanted) => (state) => device.updateDevice(state, wanted)),
  reportCodeLengths: fc
    .array(fc.integer({ min: 3, max: 7 }), { minLength: 1, maxLength: 4 })
    .map((lengths) => (state) => device.reportCodeLengths(state, lengths)),
};

const onAttempt: Commands<
  action.ActionAttempt | null,
  action.ActionEvent,
  DecidersOf<typeof action, action.ActionEvent>
> = {
  requestAction: fc.constantFrom('lock' as const, 'unlock' as const).map((asked) => (state) => {
    const whose = { actionAttemptId: 'attempt', workspaceId: 'workspace', deviceId: 'device' };
    return action.requestAction(state, { ...whose, action: asked });
  }),
  concludeAction: fc
    .constantFrom('success' as const, { errorCode: 'JAMMED', message: 'no' })
    .map((outcome) => (state) => action.concludeAction(state, outcome)),
};

/**
 * Runs commands one after the other, and each of them twice.
 * @returns those that had an effect the first time
 */
function repeats<S, E extends { type: string; data: object }>(
  fold: Parameters<typeof decidedTwice<S, E>>[0],
  commands: Record<string, fc.Arbitrary<Command<S, E>>>,
): string[] {
  const one = fc.oneof(
    ...Object.entries(commands).map(([name, arbitrary]) =>
      arbitrary.map((decide) => ({ name, decide, toString: () => name })),
    ),
  );
  const happened = new Set<string>();
  fc.assert(
    fc.property(fc.array(one, { minLength: 3, maxLength: 30, size: 'max' }), (asked) => {
      let state = fold.initial;
      for (const [n, { name, decide }] of asked.entries()) {
        const at = T0 + n * 1000;
        const { first, again } = decidedTwice(fold, state, decide, at);
        expect(again).toEqual([]);
        if (first.length > 0) happened.add(name);
        for (const event of first) state = fold.evolve(state, { ...event, at });
      }
    }),
    { numRuns: 1000 },
  );
  return [...happened].sort();
}

const namesOf = (commands: object): string[] => Object.keys(commands).sort();

describe('a command that comes twice has no further effect', () => {
  // Each request to sync an account counts: requestSync is left out.
  it('to an account', () => {
    expect(repeats(account.accountFold, onAccount)).toEqual(namesOf(onAccount));
  });

  it('to a device', () => {
    expect(repeats(deviceFold, onDevice)).toEqual(namesOf(onDevice));
  });

  it('to an action attempt', () => {
    expect(repeats(action.actionFold, onAttempt)).toEqual(namesOf(onAttempt));
  });

  it('at a door', () => {
    const whose = { deviceId: 'device', accountId: 'account', workspaceId: 'workspace' };
    const latest: DoorEvent[] = [];
    fc.assert(
      fc.property(text, (reportKey) => {
        const reported: DoorEvent = { type: 'AccessDenied', data: { ...whose, reportKey } };
        latest.push(...recordAtDoor(latest, reported));
        expect(recordAtDoor(latest, reported)).toEqual([]);
      }),
    );
    expect(latest).toHaveLength(3);
  });
});
