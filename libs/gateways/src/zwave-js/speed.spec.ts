import { DAY, MINUTE } from '@latchkey/platform';
import type { LockRef } from '../lock-gateway';
import { ZwaveHouse } from './testing/zwave-house';

jest.setTimeout(180_000);

const LOCKS = 20;
const CODES = 5;
const [FIRST, BIG] = [2, 40];
const SLOTS = 250;
/** How long (ms) a frame and its acknowledgement take in a house where they are passed on from lock to lock. */
const FRAME = 250;
const refused = (errorCode: string) => ({ kind: 'refused', errorCode });

describe('a house full of Z-Wave locks on one stick', () => {
  let house: ZwaveHouse;

  beforeAll(async () => {
    const small = Array.from({ length: LOCKS }, (_, n) => ({ nodeId: FIRST + n, users: 10 }));
    house = await ZwaveHouse.start([...small, { nodeId: BIG, users: SLOTS, filled: SLOTS }]);
  }, 180_000);

  afterAll(() => house.close());

  it('has its codes on all locks at once, and no lock waits a minute for one of them', async () => {
    const numbers = Array.from({ length: LOCKS }, (_, n) => FIRST + n);
    const frames = async () => {
      const each = await Promise.all(numbers.map((number) => house.network.lock(number).frames()));
      return each.reduce((sum, next) => sum + next, 0);
    };
    const before = await frames();
    const longest = await Promise.all(
      numbers.map(async (number) => {
        const lock = house.ref(number);
        let wait = 0;
        for (let slot = 1; slot <= CODES; slot++) {
          const asked = Date.now();
          const code = { name: null, pin: String(1000 + slot), window: null, slot };
          expect(await house.adapter.program(lock, code)).toMatchObject({ kind: 'accepted' });
          wait = Math.max(wait, Date.now() - asked);
        }
        return wait;
      }),
    );
    expect(Math.max(...longest)).toBeLessThan(MINUTE);
    // The locks share one radio: each waits while the others have a code of theirs.
    expect((((await frames()) - before) / CODES) * FRAME).toBeLessThan(MINUTE);
    for (const number of numbers)
      expect(Object.keys(await house.network.lock(number).codes())).toHaveLength(CODES);
  });

  it('asks a lock that is read back once for each of its 250 places, and a quiet one nothing until a day later', async () => {
    const lock = house.ref(BIG);
    const frames = async (work: () => Promise<unknown>) => {
      const before = await house.lock(lock).frames();
      await work();
      return (await house.lock(lock).frames()) - before;
    };
    const read = async () => expect(await house.listed(lock)).toHaveLength(SLOTS);
    // Each is a question, and the acknowledgement of its answer.
    expect(await frames(read)).toBeLessThanOrEqual(2 * SLOTS);
    expect(await frames(read)).toBe(0);
    house.now += DAY - 1;
    expect(await frames(read)).toBe(0);
    house.now += 1;
    expect(await frames(read)).toBeGreaterThanOrEqual(SLOTS);
  });

  it('is told at once that a lock with 250 codes is full, without a frame', async () => {
    const lock: LockRef = house.ref(BIG);
    await house.listed(lock);
    const before = await house.lock(lock).frames();
    const code = { name: null, pin: '4711', window: null };
    expect(await house.adapter.program(lock, code)).toMatchObject(refused('LOCK_FULL'));
    expect(await house.adapter.program(lock, { ...code, slot: SLOTS })).toMatchObject(
      refused('SLOT_OCCUPIED'),
    );
    expect(await house.lock(lock).frames()).toBe(before);
  });
});
