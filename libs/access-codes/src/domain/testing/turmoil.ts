import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { disconnect, reachable, reconnect, removeAccount, unreachable } from '@latchkey/devices';
import fc from 'fast-check';
import type { Window } from '../content';
import { nativeLock, pin, T0 } from './builders';
import type { Answer, Life } from './life';

/** One thing that happens in a life; prints itself when a property fails. */
export interface Incident {
  happen(life: Life): void;
  toString(): string;
}

function incident(name: string, happen: (life: Life) => void): Incident {
  return { happen, toString: () => name };
}

export const CODES = ['code-a', 'code-b', 'code-c'];
const PINS = ['pin-1', 'pin-2'];

const codeId = fc.constantFrom(...CODES);
const fingerprint = fc.constantFrom(...PINS);

/** Within five days of T0, at least an hour long; null: ongoing. */
const schedule: fc.Arbitrary<Window | null> = fc.option(
  fc
    .tuple(fc.integer({ min: 0, max: 96 }), fc.integer({ min: 1, max: 24 }))
    .map(([from, hours]) => ({ startsAt: T0 + from * HOUR, endsAt: T0 + (from + hours) * HOUR })),
  { freq: 4 },
);

const created = fc
  .tuple(codeId, fingerprint, schedule, fc.boolean(), fc.boolean())
  .map(([id, pinOf, window, preferNativeScheduling, externalModificationAllowed]) =>
    incident(`create ${id} ${pinOf} ${said(window)} ${externalModificationAllowed}`, (life) => {
      if (life.codes.has(id) || (window && window.endsAt <= life.now)) return;
      life.create(id, pinOf, window, { preferNativeScheduling, externalModificationAllowed });
    }),
  );

const changed = fc
  .record(
    { id: codeId, name: fc.constantFrom('Ann', 'Bob'), pinOf: fingerprint, schedule, native: fc.boolean() },
    { requiredKeys: ['id'] },
  )
  .map(({ id, name, pinOf, schedule: window, native }) =>
    incident(`change ${id} ${name} ${pinOf} ${window === undefined ? '' : said(window)} ${native}`, (life) =>
      life.change(id, {
        name,
        schedule: window,
        preferNativeScheduling: native,
        ...(pinOf === undefined ? {} : pin(pinOf)),
      }),
    ),
  );

const removed = codeId.map((id) => incident(`remove ${id}`, (life) => life.remove(id)));

const passed = fc
  .oneof(
    fc.integer({ min: 0, max: 20 }).map((n) => n * SECOND),
    fc.integer({ min: 1, max: 20 }).map((n) => n * MINUTE),
    fc.integer({ min: 1, max: 30 }).map((n) => n * HOUR),
  )
  .map((ms) => incident(`${ms} ms pass`, (life) => void (life.now += ms)));

const slept = fc.constant(
  incident('sleep until due', (life) => void (life.now = Math.max(life.now, life.settle() ?? life.now))),
);
const worked = fc.constant(incident('settle', (life) => void life.settle()));

const answered = fc
  .constantFrom<Answer>(
    'accepted',
    'accepted',
    'accepted',
    'unanswered',
    'lost',
    'outage',
    { refused: 'INVALID_PIN' },
    { refused: 'LOCK_FULL' },
    { refused: 'DEVICE_OFFLINE' },
    { refused: 'LOCK_JAMMED' },
  )
  .map((answer) => incident(`maker: ${JSON.stringify(answer)}`, (life) => void (life.answer = answer)));

const lockWorked = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 2 }))
  .map(([succeeds, times]) =>
    incident(`lock works ${succeeds}, reported ${times} times`, (life) => life.lockWorks(succeeds, times)),
  );
const reportsCame = fc
  .boolean()
  .map((reversed) => incident(`reports come, reversed ${reversed}`, (life) => life.reportsArrive(reversed)));
const readBack = codeId.map((id) => incident(`read back ${id}`, (life) => void life.readBack(id)));
/** Only codes that are known to be on the lock: one whose id was never learnt is known by its content alone. */
const meddled = fc
  .tuple(codeId, fc.constantFrom('rename' as const, 'erase' as const, 'new-pin' as const))
  .map(([id, how]) =>
    incident(`${how} ${id}`, (life) => {
      const onLock = life.codes.get(id)?.known.onLock;
      if (onLock) life.lock.meddle(onLock.lockCodeId, how);
    }),
  );

const connection = fc.constantFrom(
  incident('disconnect', (life) => life.tell(disconnect(life.account, 'revoked'))),
  incident('reconnect', (life) => life.tell(reconnect(life.account))),
  incident('outage', (life) => life.tell(unreachable(life.account, 'no route'))),
  incident('back', (life) => life.tell(reachable(life.account))),
  incident('offline', (life) => life.alter({ online: false, connectionChangedAt: life.now })),
  incident('online', (life) => life.alter({ online: true, connectionChangedAt: life.now })),
  incident('clock drifts', (life) => life.alter({ clockTrusted: false })),
  incident('clock corrected', (life) => life.alter({ clockTrusted: true })),
);

const forGood = fc.constantFrom(
  incident('device removed', (life) => life.alter({ removedAt: life.now })),
  incident('device added again', (life) => life.alter({ removedAt: null })),
  incident('schedules no more', (life) =>
    life.alter({ capabilities: { ...nativeLock.capabilities, nativeScheduling: false } }),
  ),
  incident('account removed', (life) => life.tell(removeAccount(life.account))),
);

/** What a lock and its owner can recover from. */
export const passing = fc.oneof(
  { weight: 3, arbitrary: created },
  { weight: 3, arbitrary: changed },
  { weight: 1, arbitrary: removed },
  { weight: 4, arbitrary: passed },
  { weight: 3, arbitrary: slept },
  { weight: 5, arbitrary: worked },
  { weight: 3, arbitrary: answered },
  { weight: 4, arbitrary: lockWorked },
  { weight: 3, arbitrary: reportsCame },
  { weight: 1, arbitrary: readBack },
  { weight: 1, arbitrary: meddled },
  { weight: 3, arbitrary: connection },
);

/** All that can happen. */
export const anything = fc.oneof({ weight: 12, arbitrary: passing }, { weight: 1, arbitrary: forGood });

/** From here on everything works as it should. */
export function calm(life: Life): void {
  life.answer = 'accepted';
  life.tell([...reconnect(life.account), ...reachable(life.account)]);
  life.alter({ online: true, clockTrusted: true, connectionChangedAt: life.now });
}

/** Lets the lock work, reports arrive and codes settle for a while, ms. */
export function letWork(life: Life, duration: number): void {
  const until = life.now + duration;
  while (life.now < until) {
    const next = life.settle();
    lockAnswers(life);
    life.now = Math.min(until, Math.max(life.now + SECOND, Math.min(next ?? until, life.now + MINUTE)));
  }
  // What falls due at the last instant is done as well: a code takes two commands at most, one after the other.
  for (let n = 0; n < 2 * CODES.length; n++) {
    life.settle();
    lockAnswers(life);
  }
  life.settle();
}

function lockAnswers(life: Life): void {
  life.lockWorks(true, 1);
  life.reportsArrive(false);
  for (const id of CODES) life.readBack(id);
}

const said = (window: Window | null) =>
  window ? `${(window.startsAt - T0) / HOUR}h..${(window.endsAt - T0) / HOUR}h` : 'ongoing';

export const HORIZON = T0 + 6 * DAY;
