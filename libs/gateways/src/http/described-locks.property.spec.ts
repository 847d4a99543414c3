import fc from 'fast-check';
import type { LockDescription } from '../lock-gateway';
import { DescribedLocks } from './described-locks';
import { describeLock, locksAnswer } from './wire';

const NOW = Date.UTC(2026, 2, 2, 10);
const CONFIGURED = { maxActiveCodes: 9 };

/** Values that schemas take, and others. */
const odd = fc.constantFrom<unknown>(null, undefined, '', 0, -1, 'x', [], {}, true);
const or = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });

const capabilities = fc.record(
  {
    native_scheduling: or(fc.boolean()),
    supported_code_lengths: or(fc.constantFrom([4], [4, 6], [6, 4])),
    code_constraints: or(fc.constantFrom([], [{ constraint_type: 'no_zeros', min_length: 2 }])),
    max_active_codes: or(fc.constantFrom(1, 250)),
    time_step_minutes: or(fc.constantFrom(5, 30)),
    unheard_of: fc.constantFrom(1, [2, { a: 1 }]),
  },
  { requiredKeys: [] },
);

const lock = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record(
      {
        lock_id: fc.constantFrom<unknown>('a', 'b', 'c', 1, '1'),
        name: or(fc.constantFrom('Door', 'Gate')),
        online: or(fc.boolean()),
        bridge_online: or(fc.boolean()),
        battery_level: or(fc.constantFrom(5, 90)),
        device_time: or(fc.constantFrom('2026-03-02T10:00:00Z', '2026-03-02T10:00:01', 'soon')),
        updated_at: or(fc.constantFrom('monday', 'tuesday')),
        capabilities: or(capabilities),
        __proto__: fc.constantFrom({}, 'x'),
      },
      { requiredKeys: ['lock_id'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, 'a', {}, { lock_id: '..' }, { lock_id: { toString: 1 } }),
  },
);

const answer = fc.oneof(
  { weight: 20, arbitrary: fc.record({ locks: fc.array(lock, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 'text', {}, { locks: {} }) },
);

/** Mostly what was told before, with something else about it. */
const answers = fc.array(fc.record({ of: fc.constantFrom('mine', 'yours'), ms: fc.nat(3), answer }), {
  maxLength: 12,
});

/** As it is on the wire. */
const parsed = (body: unknown): unknown => (body === undefined ? body : JSON.parse(JSON.stringify(body)));

const understood = (body: unknown, length = 100) => ({ body: parsed(body), length });

/** What an answer means by itself. */
function readAlone(body: unknown, now: number): unknown {
  const read = locksAnswer.safeParse(body);
  return read.success
    ? read.data.locks.map((each) => describeLock(each, CONFIGURED, now))
    : read.error.issues;
}

it('reads each answer as if there had been none before', () => {
  fc.assert(
    fc.property(answers, (all) => {
      const described = new DescribedLocks();
      for (const { of, ms, answer: body } of [...all, ...all]) {
        const how = { configured: CONFIGURED, now: NOW + ms };
        const read = described.read(of, understood(body), how);
        expect('issues' in read ? read.issues : read).toEqual(readAlone(parsed(body), how.now));
      }
    }),
    { numRuns: 500 },
  );
});

describe('a lock of which its maker tells the same again', () => {
  const told = (more: object = {}) => ({
    locks: [{ lock_id: 'a', capabilities: {}, ...more }, { lock_id: 'b' }],
  });
  const read = (described: DescribedLocks, body: object, configured = CONFIGURED, now = NOW) =>
    described.read('mine', understood(body), { configured, now }) as LockDescription[];

  it('can do the same, as an object, whatever its clock shows and wherever in the answer it is', () => {
    const described = new DescribedLocks();
    const [first] = read(described, told({ device_time: '2026-03-02T10:00:00Z' }));
    const [second] = read(described, told({ device_time: '2026-03-02T10:00:05Z' }));
    expect([first!.clockDrift, second!.clockDrift]).toEqual([0, 5_000]);
    expect(second!.capabilities).toBe(first!.capabilities);
    const moved = { locks: [...told({ device_time: '2026-03-02T10:00:05Z' }).locks].reverse() };
    expect(read(described, moved)[1]!.capabilities).toBe(first!.capabilities);
  });

  it('is described anew once the configuration is another, or the account was forgotten', () => {
    const described = new DescribedLocks();
    const [first] = read(described, told());
    expect(read(described, told(), { maxActiveCodes: 3 })[0]!.capabilities.maxActiveCodes).toBe(3);
    const [third] = read(described, told());
    expect(third!.capabilities).not.toBe(first!.capabilities);
    described.forget('mine');
    expect(read(described, told())[0]!.capabilities).not.toBe(third!.capabilities);
  });

  it('is described anew where other answers have been so long that it was forgotten', () => {
    const described = new DescribedLocks();
    const [first] = read(described, told());
    const how = { configured: CONFIGURED, now: NOW };
    described.read('long', understood(told(), 15_000_000), how);
    expect(read(described, told())[0]!.capabilities).toBe(first!.capabilities);
    for (const other of ['long', 'as long']) described.read(other, understood(told(), 15_000_000), how);
    described.read('mid', understood(told(), 1_000_000), how);
    expect(read(described, told())[0]!.capabilities).not.toBe(first!.capabilities);
  });
});

it('reads what is nested too deep to be compared', () => {
  const body = `{"locks":[{"lock_id":"a","extra":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`;
  const described = new DescribedLocks();
  const how = { configured: CONFIGURED, now: NOW };
  const [first, second] = [1, 2].map(() =>
    described.read('mine', { body: JSON.parse(body), length: body.length }, how),
  );
  expect('issues' in second! ? second : second!.map(({ lockId }) => lockId)).toEqual(['a']);
  expect(second).toEqual(first);
});
