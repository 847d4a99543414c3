import { HOUR, MINUTE } from '@latchkey/platform';
import fc from 'fast-check';
import type { AccessCode } from './access-code';
import { sameContent } from './content';
import { contentFor, untouched } from './decisions';
import { overlap } from './keypad';
import { isNative, neededFrom, plan } from './plan';
import { settings } from './testing/builders';
import { Life, type Planned } from './testing/life';
import { anything, calm, CODES, HORIZON, type Incident, letWork, passing } from './testing/turmoil';
import { endOf, externalInEffectOf, isGone } from './life';

const RUNS = { numRuns: 1500 };

function live(incidents: readonly Incident[], native: boolean, check: (life: Life) => void): Life {
  const life = new Life(native);
  for (const incident of incidents) {
    incident.happen(life);
    check(life);
  }
  return life;
}

const lives = (incident: fc.Arbitrary<Incident>) =>
  fc.tuple(fc.array(incident, { minLength: 10, maxLength: 60, size: 'max' }), fc.boolean());

/** Why a step must not be taken; null where it may be. */
function objection({ code, step, on }: Planned): string | null {
  const { now, account, device } = on;
  if (step.do === 'wait') return step.until === null || step.until > now ? null : 'waits for the past';
  if (step.do === 'append') return step.events.length > 0 ? null : 'appends nothing';
  if (!code) return step.do === 'release' ? null : 'does something for no code';
  if (isGone(code)) return step.do === 'clean-up' ? null : 'does more than clean up';
  if (step.do === 'release' || step.do === 'reserve') return null;
  if (!account?.connected || account.unreachableSince !== null) return 'touches a lock out of reach';
  if (!device || device.removedAt !== null) return 'touches a lock that is gone';
  const { inFlight } = code.known;
  if (step.do === 'verify') {
    const early =
      inFlight !== null &&
      now < inFlight.deadline &&
      inFlight.unansweredAt === null &&
      !code.trouble.connectionLostAt;
    return early ? 'looks before the deadline' : null;
  }
  if (inFlight) return 'sends a second command';
  if (code.trouble.connectionLostAt !== null) return 'sends before it has verified';
  if (step.do !== 'program') return null;
  if (endOf(code)) return 'programs what is ending';
  const native = isNative(code.wanted, device);
  if (now < neededFrom(code, native, settings) && code.known.onLock === null) return 'programs too early';
  return code.wanted.schedule && now >= code.wanted.schedule.endsAt ? 'programs past the end' : null;
}

describe('whatever happens', () => {
  it('planning comes to rest, and never plans a forbidden step', () => {
    fc.assert(
      fc.property(lives(anything), ([incidents, native]) => {
        live(incidents, native, (life) => {
          for (const planned of life.planned.splice(0)) {
            const why = objection(planned);
            if (why) throw new Error(`${planned.step.do}: ${why}`);
          }
        });
      }),
      RUNS,
    );
  });

  it('planning again on the same facts says the same', () => {
    fc.assert(
      fc.property(lives(anything), ([incidents, native]) => {
        const life = live(incidents, native, () => undefined);
        for (const id of CODES) {
          const code = life.codes.get(id) ?? null;
          expect(plan(id, code, life.around)).toEqual(plan(id, code, life.around));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('no PIN is reserved for two codes at a time', () => {
    fc.assert(
      fc.property(lives(anything), ([incidents, native]) => {
        live(incidents, native, ({ keypad: { reservations } }) => {
          for (const [n, a] of reservations.entries()) {
            const clash = reservations
              .slice(n + 1)
              .find(
                (b) =>
                  a.codeId !== b.codeId &&
                  a.pinFingerprint === b.pinFingerprint &&
                  overlap(a.window, b.window),
              );
            if (clash) throw new Error(`${a.codeId} and ${clash.codeId} share ${a.pinFingerprint}`);
          }
        });
      }),
      RUNS,
    );
  });
});

describe('when all is well again', () => {
  it('every code is where it belongs, at every instant at which that changes, and in the end none is left', () => {
    fc.assert(
      fc.property(lives(passing), ([incidents, native]) => {
        const life = live(incidents, native, () => undefined);
        calm(life);
        letWork(life, 10 * MINUTE);
        expectRight(life);
        for (;;) {
          const next = nextChange(life);
          if (next === null) break;
          life.now = next;
          letWork(life, 10 * MINUTE);
          expectRight(life);
        }
        for (const id of CODES) life.remove(id);
        life.now = Math.max(life.now, HORIZON);
        letWork(life, 10 * MINUTE);
        expect(life.lock.read()).toEqual([]);
        expect(life.keypad.reservations).toEqual([]);
      }),
      { numRuns: 700 },
    );
  });
});

/** The next instant at which a code's place changes by itself, ms. */
function nextChange(life: Life): number | null {
  const instants = [...life.codes.values()]
    .filter((code) => !isGone(code) && code.wanted.schedule !== null)
    .flatMap((code) => [
      code.wanted.schedule!.startsAt - HOUR,
      code.wanted.schedule!.startsAt,
      code.wanted.schedule!.endsAt,
    ])
    .filter((instant) => instant > life.now);
  return instants.length > 0 ? Math.min(...instants) : null;
}

/** The lock holds what the codes say that it does, and that is what they should be. */
function expectRight(life: Life): void {
  const held = life.lock.read().map((entry) => entry.lockCodeId);
  const known = [...life.codes.values()].flatMap(({ known: { onLock } }) =>
    onLock ? [onLock.lockCodeId] : [],
  );
  expect(held.sort()).toEqual(known.sort());
  for (const code of life.codes.values())
    expect([code.codeId, wrong(code, life)]).toEqual([code.codeId, null]);
}

function wrong(code: AccessCode, life: Life): string | null {
  const { now, device, keypad } = life;
  if (isGone(code)) return null;
  if (code.known.inFlight) return 'something is under way';
  if (endOf(code)) return 'it is still going';
  const native = isNative(code.wanted, device);
  const {
    wanted: { schedule },
    known: { onLock },
  } = code;
  if (schedule && now >= schedule.endsAt) return 'it is past its end';
  if (code.trouble.failure?.kind === 'permanent' || externalInEffectOf(code)?.change === 'removed')
    return null;
  // A change that the lock can never take leaves the old PIN on it, which may be in the way of another code.
  const stuck = [...life.codes.values()].filter((other) => other.trouble.failure?.kind === 'permanent');
  const inTheWay = stuck.some((other) => other.known.onLock?.pinFingerprint === code.wanted.pinFingerprint);
  if (inTheWay) return null;
  const due = schedule === null || now >= schedule.startsAt;
  if (due && !(onLock && sameContent(onLock, contentFor(code, native)))) return 'it is not on the lock';
  if (due && code.known.setAt === null) return 'it was not told to be set';
  if (!native && now < neededFrom(code, native, settings) && onLock) return 'it is on the lock already';
  const clear = keypad.reservations.every(
    (r) => r.codeId === code.codeId || r.pinFingerprint !== code.wanted.pinFingerprint,
  );
  const from = neededFrom(code, native, settings);
  if (clear && now >= from + 10 * MINUTE && untouched(code)) return 'nothing stands in its way';
  return null;
}
