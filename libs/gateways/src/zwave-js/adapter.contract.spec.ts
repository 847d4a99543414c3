import { MINUTE, until } from '@latchkey/platform';
import type { GatewayUnderTest } from '../contract/gateway-under-test';
import { lockGatewayContract } from '../contract/lock-gateway-contract';
import type { LockCapabilities, LockRef } from '../lock-gateway';
import { ZwaveHouse } from './testing/zwave-house';

jest.setTimeout(180_000);

/**
 * By which command class the locks have their codes. Time frames go with User Code alone: a lock that is to keep them has
 * that one.
 */
type CodesBy = 'User Code' | 'User Credential';

/** Locks for all that the contract asks for: a network is interviewed once, and its locks are emptied between tests. */
const LOCKS = [
  { nodeId: 2, users: 10 },
  { nodeId: 3, users: 7, schedules: true },
  { nodeId: 4, users: 1 },
  { nodeId: 5, users: 3 },
];
/** One more, at nobody's door: all come by one stick, so that what it tells comes after what the others have told. */
const LAST = 6;
/** The cover of a lock is off. */
const TAMPERED = { event: 3, type: 7 };

function nodeFor({ nativeScheduling, maxActiveCodes }: Partial<LockCapabilities>): number {
  if (nativeScheduling) return 3;
  return LOCKS.find(({ users, schedules }) => users === maxActiveCodes && !schedules)?.nodeId ?? 2;
}

async function start(by: CodesBy): Promise<GatewayUnderTest> {
  const traits = LOCKS.map((each) => ({
    ...each,
    credentials: by === 'User Credential' && !('schedules' in each),
  }));
  const house = await ZwaveHouse.start([...traits, { nodeId: LAST, users: 1 }]);
  const { account, zone } = house;
  const last = house.ref(LAST);
  // From then on it is connected, and hears.
  await until(async () => (await house.described(last))?.online === true);
  let since = 0;
  const settle = async () => {
    for (const { nodeId } of LOCKS) await house.network.lock(nodeId).heal();
    const { length: before } = house.reports;
    await house.lock(last).notify(TAMPERED.event, null, TAMPERED.type);
    await until(() => house.reports.slice(before).some(({ kind }) => kind === 'tampered'));
  };
  return {
    ...{ gateway: house.adapter, account, settle },
    lacks: ['names', 'rules'],
    now: () => house.now,
    freshLock: async (abilities = {}) => {
      const ref = house.ref(nodeFor(abilities));
      await settle();
      // A lock that was dead is not asked again at once.
      house.now += MINUTE;
      await until(async () => (await house.described(ref))?.online === true);
      const before = house.reports.length;
      await house.lock(ref).reset();
      await until(() => house.reports.length > before);
      since = house.reports.length;
      return ref;
    },
    wait: (ms) => {
      house.now += ms;
      return Promise.resolve();
    },
    opens: (ref: LockRef, pin) => house.lock(ref).opens(pin, house.now, zone),
    setOnline: async (ref, online) => {
      await house.lock(ref).setDead(!online);
      // The driver finds out when it next has something for the lock.
      if (!online) await house.adapter.operate(ref, 'lock', 'to-find-out');
      else house.now += MINUTE;
      await until(async () => (await house.described(ref))?.online === online);
    },
    loseNextAnswer: async (ref) => void (await house.lock(ref).loseNextAnswer()),
    putByHand: async (ref, { pin }) => {
      const before = house.reports.length;
      await house.lock(ref).putByHand(house.lock(ref).traits.users, pin);
      await until(() => house.reports.length > before);
    },
    reports: () => house.reports.slice(since),
    close: () => house.close(),
  };
}

for (const by of ['User Code', 'User Credential'] as const)
  lockGatewayContract(`ZwaveJsAdapter, ${by}`, () => start(by));
