import { MINUTE } from '@latchkey/platform';
import type { Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import type { AccessCode } from './access-code';
import { storedContent } from './content';
import { codeFold } from './code-fold';
import { accepted, failed, remove, request, unanswered } from './decisions';
import type { CodeEvent } from './events';
import type { Listed } from './listing';
import { reconcile } from './read-back';
import { content, pin, programming, removalSent, requested, T0 } from './testing/builders';
import { see, unknownAmong } from './unmanaged';
import { endOf, isGone, isUnmanaged, mayTurnUpOf } from './life';

const SLOTS = ['slot-1', 'slot-2', 'slot-3', 'slot-4'];
const PINS = ['pin-a', 'pin-b', 'pin-c'];

/** A lock with four slots to which others write as well, and what follows from reading it back. */
class Household {
  now = T0;
  readonly lock = new Map<string, Listed>();
  readonly codes = new Map<string, Happened<CodeEvent>[]>();
  private asked = 0;

  put(slot: string, name: string, pinFingerprint: string): boolean {
    const held = [...this.lock.values()].some((entry) => entry.pinFingerprint === pinFingerprint);
    if (held || this.lock.has(slot)) return false;
    const { pin: sealed } = pin(pinFingerprint);
    const entry = { lockCodeId: slot, name, pinFingerprint, pin: sealed, window: null, status: 'active' };
    this.lock.set(slot, entry as Listed);
    return true;
  }

  /** We send a creation; the lock takes it or not, and its answer comes or not. */
  ask(pinFingerprint: string, taken: boolean, answered: boolean): void {
    const codeId = `ours-${++this.asked}`;
    const wanted = requested(null, { codeId, ...pin(pinFingerprint) });
    if (wanted.type === 'CodeRequested') this.append(codeId, request(null, wanted.data));
    const held = content(null, pin(pinFingerprint));
    this.append(codeId, [programming('create', 'create', held, this.now + MINUTE)]);
    const slot = SLOTS.find((each) => !this.lock.has(each));
    const there = taken && slot !== undefined && this.put(slot, 'Guest', pinFingerprint);
    const code = this.state(codeId)!;
    if (!answered) this.append(codeId, unanswered(code, 'create'));
    else if (there) this.append(codeId, accepted(code, 'create', slot));
    else {
      const trouble = { errorCode: 'PIN_CONFLICT', message: '', retryAt: this.now };
      this.append(codeId, failed(code, 'create', trouble));
    }
  }

  /** We take a code off the lock, managed or unmanaged. */
  takeOff(nth: number, done: boolean): void {
    const live = this.live().filter((code) => code.known.onLock && !endOf(code) && !code.known.inFlight);
    const code = live[nth % Math.max(1, live.length)];
    if (!code) return;
    const {
      codeId,
      known: { onLock },
    } = code;
    this.append(codeId, remove(code));
    this.append(codeId, [removalSent('remove', 'removal', this.now + MINUTE, onLock!.lockCodeId)]);
    if (done) this.lock.delete(onLock!.lockCodeId);
  }

  readBack(): void {
    const listed = [...this.lock.values()];
    // The latest code to get a slot has it.
    const owners = new Map(
      this.live().flatMap(({ codeId, known: { onLock, inFlight } }) => {
        const at = onLock?.lockCodeId ?? inFlight?.lockCodeId;
        return at ? [[at, codeId] as const] : [];
      }),
    );
    for (const code of this.live()) {
      const claimed = (slot: string) => (owners.get(slot) ?? code.codeId) !== code.codeId;
      const verdict = reconcile(code, { listed, claimed, now: this.now, retryAt: this.now });
      if (verdict !== 'later') this.append(code.codeId, verdict);
    }
    for (const entry of unknownAmong(listed, new Set(owners.keys()), this.live())) {
      let nth = 0;
      while (this.codes.has(`${entry.lockCodeId}/${nth}`)) nth++;
      const codeId = `${entry.lockCodeId}/${nth}`;
      const { lockCodeId } = entry;
      const whose = { codeId, workspaceId: 'w', deviceId: 'd', accountId: 'a' };
      const held = storedContent({ ...entry, pin: entry.pin! });
      this.append(codeId, see(null, { ...whose, lockCodeId, content: held }));
    }
  }

  live(): AccessCode[] {
    return [...this.codes.keys()].map((id) => this.state(id)!).filter((code) => !isGone(code));
  }

  private state(codeId: string): AccessCode | null {
    return (this.codes.get(codeId) ?? []).reduce<AccessCode | null>(
      (code, event) => codeFold.evolve(code, event),
      null,
    );
  }

  private append(codeId: string, events: readonly CodeEvent[]): void {
    const happened = events.map((event) => ({ ...event, at: this.now }));
    this.codes.set(codeId, [...(this.codes.get(codeId) ?? []), ...happened]);
  }
}

type Deed = (household: Household) => void;

const slot = fc.constantFrom(...SLOTS);
const fingerprint = fc.constantFrom(...PINS);
const name = fc.constantFrom('Owner', 'Guest');

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.tuple(slot, name, fingerprint).map(
    (put): Deed =>
      (household) =>
        void household.put(...put),
  ),
  fc.tuple(slot, name, fingerprint).map(([at, called, pinOf]): Deed => (household) => {
    const entry = household.lock.get(at);
    if (!entry || [...household.lock.values()].some((each) => each.pinFingerprint === pinOf)) return;
    household.lock.set(at, { ...entry, name: called, ...pin(pinOf) });
  }),
  slot.map(
    (at): Deed =>
      (household) =>
        void household.lock.delete(at),
  ),
  fc.tuple(fingerprint, fc.boolean(), fc.boolean()).map(
    (asked): Deed =>
      (household) =>
        household.ask(...asked),
  ),
  fc.tuple(fc.nat(5), fc.boolean()).map(
    (off): Deed =>
      (household) =>
        household.takeOff(...off),
  ),
  fc.constantFrom(0, MINUTE, 10 * MINUTE).map(
    (ms): Deed =>
      (household) =>
        void (household.now += ms),
  ),
  { weight: 3, arbitrary: fc.constant<Deed>((household) => household.readBack()) },
);

test('after any read-backs, exactly the foreign codes on the lock show as unmanaged, and each comes and goes once', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const household = new Household();
      for (const happen of deeds) happen(household);
      // Unanswered commands are given up, and all that may be ours is known.
      household.now += 10 * MINUTE;
      for (let time = 0; time < 3; time++) household.readBack();

      const live = household.live();
      const ours = live
        .filter((code) => !isUnmanaged(code))
        .map(({ known: { onLock, inFlight } }) => onLock?.lockCodeId ?? inFlight?.lockCodeId);
      const shown = live.filter(isUnmanaged);
      const known = new Set(shown.map(({ known: { onLock } }) => onLock!.lockCodeId));
      // What looks like a creation of ours that was given up may still be that.
      const mayBeOurs = ({ lockCodeId, name: called, pinFingerprint }: Listed) =>
        !known.has(lockCodeId) &&
        live.some((code) => {
          const mayTurnUp = mayTurnUpOf(code);
          return mayTurnUp?.name === called && mayTurnUp.pinFingerprint === pinFingerprint;
        });
      const foreign = [...household.lock.values()].filter(
        (entry) => !ours.includes(entry.lockCodeId) && !mayBeOurs(entry),
      );
      expect([...known].sort()).toEqual(foreign.map(({ lockCodeId }) => lockCodeId).sort());
      // What is being removed is no longer followed.
      for (const {
        known: { onLock },
        wanted: { name: called, pinFingerprint },
      } of shown.filter((code) => !endOf(code))) {
        expect(household.lock.get(onLock!.lockCodeId)).toMatchObject({ name: called, pinFingerprint });
      }

      for (const [codeId, events] of household.codes) {
        if (!codeId.startsWith('slot')) continue;
        const turns = events
          .map(({ type }) => type)
          .filter((type) => ['UnmanagedCodeSeen', 'UnmanagedCodeGone', 'Removed'].includes(type));
        const left = shown.some((code) => code.codeId === codeId);
        expect([codeId, turns]).toEqual([codeId, ['UnmanagedCodeSeen', ...turns.slice(1, left ? 1 : 2)]]);
        expect([codeId, turns.length]).toEqual([codeId, left ? 1 : 2]);
      }
    }),
    { numRuns: 1000 },
  );
});
