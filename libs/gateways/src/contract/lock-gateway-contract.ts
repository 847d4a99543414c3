import { MINUTE } from '@latchkey/platform';
import fc from 'fast-check';
import {
  type Answer,
  type ListedCode,
  type LockCapabilities,
  type LockCode,
  type LockGateway,
  type LockRef,
  type WriteAnswer,
} from '../lock-gateway';
import type { GatewayUnderTest, Lack } from './gateway-under-test';

const guest: LockCode = { name: 'Guest', pin: '2580', window: null };
const noZeros = [{ constraintType: 'no_zeros' }];

/** What every adapter of `LockGateway` must do. Call it in a spec file with a way to start one of them. */
export function lockGatewayContract(adapter: string, start: () => Promise<GatewayUnderTest>): void {
  describe(`${adapter} as a lock gateway`, () => {
    let it_: GatewayUnderTest;
    let gateway: LockGateway;

    beforeAll(async () => {
      it_ = await start();
      ({ gateway } = it_);
    });

    afterAll(() => it_.close());

    const listed = async (lock: LockRef): Promise<ListedCode[]> => value(await gateway.list(lock));
    const put = async (lock: LockRef, code: LockCode): Promise<string> => {
      const lockCodeId = accepted(await gateway.program(lock, code));
      await it_.settle();
      return lockCodeId;
    };
    const lacks = (what: Lack): boolean => it_.lacks?.includes(what) ?? false;
    /** How a lock has a code that it was given. */
    const asOnLock = <T extends { readonly name: string | null; readonly pin: string }>(code: T): object => ({
      ...code,
      ...(lacks('names') ? { name: null } : {}),
      ...(lacks('pins') ? { pin: null } : {}),
    });
    /** The PIN as it is read back. */
    const readPin = (pin: string): string | null => (lacks('pins') ? null : pin);
    const description = async (lock: LockRef) =>
      value(await gateway.locks(it_.account)).find(({ lockId }) => lockId === lock.lockId);

    describe('looking at locks', () => {
      it('tells what each lock can do', async () => {
        const scheduling = await it_.freshLock({ nativeScheduling: true, maxActiveCodes: 7 });
        const strict = await it_.freshLock({ codeConstraints: noZeros });
        expect(await description(scheduling)).toMatchObject({
          online: true,
          capabilities: {
            nativeScheduling: !lacks('windows'),
            maxActiveCodes: 7,
            supportedCodeLengths: [4, 5, 6, 7, 8],
          },
        });
        expect(await description(strict)).toMatchObject({
          capabilities: {
            nativeScheduling: false,
            codeConstraints: lacks('rules') ? (expect.not.arrayContaining(noZeros) as object) : noZeros,
          },
        });
      });

      it('tells when a lock is offline, and when it is back', async () => {
        const lock = await it_.freshLock();
        await it_.setOnline(lock, false);
        expect(await description(lock)).toMatchObject({ online: false });
        await it_.setOnline(lock, true);
        expect(await description(lock)).toMatchObject({ online: true });
      });
    });

    describe('codes without a window', () => {
      it('are on the lock once it has performed what was accepted', async () => {
        const lock = await it_.freshLock();
        const lockCodeId = await put(lock, guest);
        expect(await listed(lock)).toEqual([{ ...asOnLock(guest), lockCodeId, status: 'active' }]);
        expect(await it_.opens(lock, guest.pin)).toBe(true);
      });

      it('may have no name', async () => {
        const lock = await it_.freshLock();
        await put(lock, { ...guest, name: null });
        expect(await listed(lock)).toMatchObject([{ name: null, pin: readPin(guest.pin) }]);
      });

      it('change to exactly what is asked', async () => {
        const lock = await it_.freshLock();
        const before = await put(lock, guest);
        const after = accepted(await gateway.change(lock, before, { ...guest, name: 'Other', pin: '1470' }));
        await it_.settle();
        const other = asOnLock({ name: 'Other', pin: '1470', window: null });
        expect(await listed(lock)).toEqual([{ ...other, lockCodeId: after, status: 'active' }]);
        expect(await it_.opens(lock, guest.pin)).toBe(false);
        expect(await it_.opens(lock, '1470')).toBe(true);
      });

      it('are gone once the lock has performed the removal', async () => {
        const lock = await it_.freshLock();
        accepted(await gateway.remove(lock, await put(lock, guest)));
        await it_.settle();
        expect(await listed(lock)).toEqual([]);
        expect(await it_.opens(lock, guest.pin)).toBe(false);
      });

      it('can be removed before the lock has them, and then never stay', async () => {
        const lock = await it_.freshLock();
        const lockCodeId = accepted(await gateway.program(lock, guest));
        accepted(await gateway.remove(lock, lockCodeId));
        await it_.settle();
        expect(await listed(lock)).toEqual([]);
      });
    });

    describe('codes with a window', () => {
      const hour = () => ({ startsAt: it_.now() + 10 * MINUTE, endsAt: it_.now() + 70 * MINUTE });
      const refusesWindow = async (lock: LockRef): Promise<void> => {
        expect(await gateway.program(lock, { ...guest, window: hour() })).toMatchObject({ kind: 'refused' });
        await it_.settle();
        expect(await listed(lock)).toEqual([]);
      };

      it('open in it and at no other time', async () => {
        const lock = await it_.freshLock({ nativeScheduling: true });
        if (lacks('windows')) return refusesWindow(lock);
        const window = hour();
        const lockCodeId = await put(lock, { ...guest, window });
        expect(await listed(lock)).toEqual([{ ...asOnLock(guest), window, lockCodeId, status: 'active' }]);
        expect(await it_.opens(lock, guest.pin)).toBe(false);
        await it_.wait(window.startsAt - it_.now());
        expect(await it_.opens(lock, guest.pin)).toBe(true);
        await it_.wait(window.endsAt - it_.now());
        expect(await it_.opens(lock, guest.pin)).toBe(false);
      });

      it('lose it, and get one, by a change', async () => {
        const lock = await it_.freshLock({ nativeScheduling: true });
        if (lacks('windows')) {
          const code = await put(lock, guest);
          const answer = await gateway.change(lock, code, { ...guest, window: hour() });
          expect(answer).toMatchObject({ kind: 'refused' });
          await it_.settle();
          expect(await listed(lock)).toMatchObject([{ pin: readPin(guest.pin), window: null }]);
          return;
        }
        const scheduled = await put(lock, { ...guest, window: hour() });
        const open = accepted(await gateway.change(lock, scheduled, guest));
        await it_.settle();
        expect(await listed(lock)).toMatchObject([{ window: null }]);
        const window = hour();
        accepted(await gateway.change(lock, open, { ...guest, window }));
        await it_.settle();
        expect(await listed(lock)).toMatchObject([{ window }]);
      });

      it('are refused by a lock that cannot schedule', async () => {
        await refusesWindow(await it_.freshLock({ nativeScheduling: false }));
      });
    });

    describe('refusals', () => {
      it('come when a code to remove or to change is not there', async () => {
        const lock = await it_.freshLock();
        const lockCodeId = await put(lock, guest);
        accepted(await gateway.remove(lock, lockCodeId));
        await it_.settle();
        const notFound = { kind: 'refused', errorCode: 'NOT_FOUND' };
        expect(await gateway.remove(lock, lockCodeId)).toMatchObject(notFound);
        expect(await gateway.change(lock, lockCodeId, guest)).toMatchObject(notFound);
      });

      it('come when the lock is not there', async () => {
        const nowhere = { ...it_.account, lockId: 'no-such-lock' };
        const notFound = { kind: 'refused', errorCode: 'NOT_FOUND' };
        expect(await gateway.program(nowhere, guest)).toMatchObject(notFound);
        expect(await gateway.list(nowhere)).toMatchObject(notFound);
      });

      it.each<[string, Partial<LockCapabilities>, string]>([
        ['the PIN is on the lock already', {}, guest.pin],
        ['the lock is full', { maxActiveCodes: 1 }, '1470'],
        ['the PIN breaks a rule of the lock', { codeConstraints: noZeros }, '1470'],
        ['the PIN has a length that the lock does not take', {}, '147036925'],
      ])('come when %s, and leave the lock as it was', async (_why, abilities, pin) => {
        const lock = await it_.freshLock(abilities);
        const first: LockCode = { ...guest, pin: abilities.codeConstraints ? '2589' : guest.pin };
        await put(lock, first);
        const answer = await gateway.program(lock, { ...guest, name: 'Second', pin });
        if (abilities.codeConstraints && lacks('rules')) {
          // Then it breaks none.
          expect(answer).toMatchObject({ kind: 'accepted' });
          return;
        }
        expect(answer).toMatchObject({ kind: 'refused' });
        expect(answer).toHaveProperty('errorCode', expect.stringMatching(/^[A-Z][A-Z0-9_]+$/));
        expect(JSON.stringify(answer)).not.toContain(pin);
        await it_.settle();
        expect(await listed(lock)).toMatchObject([asOnLock(first)]);
      });

      it('come when a code is to get the PIN of another, and leave it, or do not promise that it is left', async () => {
        const lock = await it_.freshLock();
        const changed = await put(lock, guest);
        const other: LockCode = { name: 'Other', pin: '36936', window: null };
        const others = await put(lock, other);
        const answer = await gateway.change(lock, changed, { ...guest, pin: other.pin });
        expect(['refused', 'unknown']).toContain(answer.kind);
        await it_.settle();
        const ids = (await listed(lock)).map(({ lockCodeId }) => lockCodeId);
        expect(ids).toContain(others);
        expect(await it_.opens(lock, other.pin)).toBe(true);
        if (answer.kind === 'refused') expect(ids).toContain(changed);
        expect(await it_.opens(lock, guest.pin)).toBe(ids.includes(changed));
      });

      it('come, or at least no promise, when the lock is offline', async () => {
        const lock = await it_.freshLock();
        await it_.setOnline(lock, false);
        const answer = await gateway.program(lock, guest);
        expect(['refused', 'unreachable']).toContain(answer.kind);
        await it_.setOnline(lock, true);
        await it_.settle();
        expect(await listed(lock)).toEqual([]);
      });
    });

    it('says that it does not know when the answer to a write is lost; reading back tells', async () => {
      const lock = await it_.freshLock();
      await it_.loseNextAnswer(lock);
      expect(await gateway.program(lock, guest)).toMatchObject({ kind: 'unknown' });
      await it_.settle();
      const [code] = await listed(lock);
      expect(code).toMatchObject({ ...asOnLock(guest), status: 'active' });
      await it_.loseNextAnswer(lock);
      expect(await gateway.remove(lock, code?.lockCodeId ?? '')).toMatchObject({ kind: 'unknown' });
      await it_.settle();
      expect(await listed(lock)).toEqual([]);
    });

    it('reads back what somebody else put on the lock', async () => {
      const lock = await it_.freshLock();
      const ours = await put(lock, guest);
      await it_.putByHand(lock, { name: 'Neighbour', pin: '36936', window: null });
      const codes = await listed(lock);
      expect(codes).toHaveLength(2);
      expect(codes).toContainEqual({ ...asOnLock(guest), lockCodeId: ours, status: 'active' });
      expect(codes).toContainEqual(expect.objectContaining(asOnLock({ name: 'Neighbour', pin: '36936' })));
    });

    it('passes on how each write came out', async () => {
      const lock = await it_.freshLock();
      const lockCodeId = await put(lock, guest);
      accepted(await gateway.change(lock, lockCodeId, { ...guest, pin: '1470' }));
      await it_.settle();
      accepted(await gateway.remove(lock, lockCodeId));
      await it_.settle();
      const outcomes = it_
        .reports()
        .filter((report) => report.kind === 'code-outcome' && report.lockId === lock.lockId);
      const outcome = {
        kind: 'code-outcome',
        lockId: lock.lockId,
        lockCodeId,
        success: true,
        errorCode: null,
      };
      expect(outcomes).toEqual([
        { ...outcome, operation: 'created' },
        { ...outcome, operation: 'updated' },
        { ...outcome, operation: 'deleted' },
      ]);
    });

    it('locks and unlocks the door, and passes on how that came out', async () => {
      const lock = await it_.freshLock({ canRemotelyLock: true, canRemotelyUnlock: true });
      for (const [action, actionId] of [['unlock', 'a-first'] as const, ['lock', 'a-second'] as const]) {
        accepted(await gateway.operate(lock, action, actionId));
        await it_.settle();
        expect(it_.reports()).toContainEqual(
          expect.objectContaining({ kind: 'action-completed', lockId: lock.lockId, actionId, success: true }),
        );
      }
    });

    it('leaves on the lock exactly what was accepted, whatever the order of writes', async () => {
      const pin = fc.constantFrom('2580', '1470', '36936', '85207');
      const write = fc.oneof(
        fc.record({ does: fc.constant('program' as const), pin }),
        fc.record({ does: fc.constant('change' as const), pin, which: fc.nat(5) }),
        fc.record({ does: fc.constant('remove' as const), which: fc.nat(5) }),
        fc.record({ does: fc.constant('settle' as const) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(write, { maxLength: 12 }), async (writes) => {
          const lock = await it_.freshLock({ maxActiveCodes: 3 });
          const expected = new Map<string, string>();
          for (const one of writes) {
            if (one.does === 'settle') {
              await it_.settle();
            } else if (one.does === 'program') {
              const answer = await gateway.program(lock, { ...guest, pin: one.pin });
              if (answer.kind === 'accepted') expected.set(answer.lockCodeId, one.pin);
            } else {
              const id = [...expected.keys()][one.which % (expected.size || 1)];
              if (id === undefined) continue;
              if (one.does === 'remove') {
                accepted(await gateway.remove(lock, id));
                expected.delete(id);
              } else {
                const answer = await gateway.change(lock, id, { ...guest, pin: one.pin });
                if (answer.kind === 'accepted') expected.set(answer.lockCodeId, one.pin);
                // The old code may have had to go first.
                if (answer.kind === 'unknown') {
                  await it_.settle();
                  const there = (await listed(lock)).some(({ lockCodeId }) => lockCodeId === id);
                  if (!there) expected.delete(id);
                }
              }
            }
          }
          await it_.settle();
          const found = (await listed(lock)).map(({ lockCodeId, pin }) => [lockCodeId, pin]);
          const awaited = [...expected].map(([lockCodeId, pin]) => [lockCodeId, readPin(pin)]);
          expect(new Map(found as [string, string][])).toEqual(new Map(awaited as [string, string][]));
          for (const one of new Set(expected.values())) expect(await it_.opens(lock, one)).toBe(true);
        }),
        { numRuns: 25 },
      );
    });
  });
}

function value<T>(answer: Answer<T>): T {
  if (answer.kind !== 'answered') throw new Error(`no answer: ${answer.kind}, ${answer.message}`);
  return answer.value;
}

function accepted(answer: WriteAnswer): string {
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.kind}, ${answer.message}`);
  return answer.lockCodeId;
}
