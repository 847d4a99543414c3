import { createLogger, MINUTE, SeededIds } from '@latchkey/platform';
import { type Fact, inStream, SeenRevisions } from '@latchkey/event-sourcing';
import type { LockDescription } from '@latchkey/gateways';
import fc from 'fast-check';
import { DeviceStreams } from '../streams';
import {
  ACCOUNT_ID,
  connected,
  described,
  DeviceScenario,
  onAccount,
  SETTINGS,
} from '../testing/device-scenario';
import type { DeviceEvent } from '../domain/device';
import { AccountWatch, deviceIdOf } from './account-watch';

const LOCKS = ['lock-1', 'lock-2', 'lock-3'];

const shown = fc
  .record({
    lockId: fc.constantFrom(...LOCKS),
    name: fc.constantFrom('Door', 'Gate'),
    online: fc.boolean(),
    batteryLevel: fc.constantFrom(null, 0.05, 0.5, 0.51),
    clockDrift: fc.constantFrom(null, 0, 500, 2 * MINUTE),
    updatedAt: fc.constantFrom(null, 'monday', 'tuesday'),
    lengths: fc.constantFrom([4], [4, 6]),
  })
  .map(({ lengths, ...rest }) =>
    described({ ...rest, capabilities: { ...described().capabilities, supportedCodeLengths: lengths } }),
  );

const someLocks = fc.uniqueArray(shown, { selector: ({ lockId }) => lockId });

type Happening =
  | { readonly kind: 'shows'; readonly locks: LockDescription[] }
  /** Another process has decided something. */
  | { readonly kind: 'elsewhere'; readonly facts: readonly Fact[] }
  | { readonly kind: 'clock set' };

const onLock = (lockId: string, event: DeviceEvent) =>
  inStream(`device-${deviceIdOf(ACCOUNT_ID, lockId)}`, event);

const elsewhere: fc.Arbitrary<readonly Fact[]> = fc.oneof(
  fc.constantFrom<readonly Fact[]>(
    onAccount({ type: 'SyncRequested', data: {} }),
    onAccount(
      { type: 'AccountDisconnected', data: { reason: 'x' } },
      { type: 'AccountReconnected', data: {} },
    ),
    onAccount({ type: 'AccountUpdated', data: { managesNewDevices: false } }),
  ),
  fc
    .tuple(
      fc.constantFrom(...LOCKS),
      fc.constantFrom<DeviceEvent>(
        { type: 'DeviceRemoved', data: {} },
        { type: 'DeviceDeleted', data: { intake: 1 } },
        { type: 'DeviceConvertedToUnmanaged', data: {} },
        { type: 'DeviceUpdated', data: { nickname: 'Mine' } },
        { type: 'CodeLengthsReported', data: { lengths: [4] } },
        { type: 'DeviceDisconnected', data: { errorCode: 'hub_disconnected' } },
        { type: 'ClockDrifted', data: { driftMs: 1 } },
      ),
    )
    .map(([lockId, event]) => onLock(lockId, event)),
);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: someLocks.map((locks) => ({ kind: 'shows' as const, locks })) },
  { weight: 3, arbitrary: elsewhere.map((facts) => ({ kind: 'elsewhere' as const, facts })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clock set' as const }) },
);

/** Watches an account through all of it, and says what came of that. */
async function playThrough(happenings: readonly Happening[], remembers: boolean) {
  const devices = new DeviceScenario();
  try {
    await devices.given(connected());
    const { clock, maker, store, ownClock } = devices;
    const { departures, locks } = devices.process;
    const known = new SeenRevisions();
    const streams = new DeviceStreams(store, clock, new SeededIds('watch'));
    const watch = new AccountWatch({
      ...{ streams, locks, departures, clock, gateway: maker, ownClock, settings: SETTINGS },
      known: remembers ? known : { atLeast: () => undefined, loaded: () => undefined },
      logger: createLogger('silent'),
    });
    const told = new Map<string, LockDescription['capabilities']>();
    /** The same capabilities are the same object, or never are. */
    const asTold = ({ lockId, capabilities, ...rest }: LockDescription): LockDescription => {
      const key = lockId + JSON.stringify(capabilities);
      if (!remembers || !told.has(key)) told.set(key, structuredClone(capabilities));
      return { lockId, ...rest, capabilities: told.get(key)! };
    };
    const look = async () => {
      await devices.process.caughtUp();
      known.see(await devices.recorded(1_000).then((events) => events.reverse()));
      return watch.account(ACCOUNT_ID);
    };
    const due: unknown[] = [];
    for (const each of happenings) {
      clock.set(clock.now() + MINUTE);
      if (each.kind === 'clock set') watch.clockWasPut();
      if (each.kind === 'elsewhere') await devices.given(...each.facts);
      if (each.kind === 'shows') maker.shows = { kind: 'answered', value: each.locks.map(asTold) };
      // What is the same is looked at again.
      due.push(await look(), await look());
    }
    return {
      due,
      events: await devices.events(),
      asked: maker.asked,
      told: devices.told,
      madeDue: locks.due,
      readBackOf: [...locks.readBackOf],
      doubted: ownClock.doubted,
    };
  } finally {
    await devices.close();
  }
}

it('comes to the same whether or not it remembers what it has seen before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 10 }), async (happenings) => {
      expect(await playThrough(happenings, true)).toEqual(await playThrough(happenings, false));
    }),
    { numRuns: 30 },
  );
});
