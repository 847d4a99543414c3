import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import type { Window } from './content';
import { codeFold } from './code-fold';
import type { CodeEvent, FailureKind } from './events';
import type { Step } from './plan';
import {
  account,
  around,
  at,
  CODE,
  content,
  creating,
  failure,
  keypadOf,
  onLock,
  OTHER,
  pin,
  programming,
  removalSent,
  requested,
  reservation,
  simpleLock,
  T0,
  planned,
} from './testing/builders';

const after = (events: readonly Happened<CodeEvent>[]) => given(codeFold, events);
const wait = (until: number | null, forKeypad = false): Step => ({ do: 'wait', until, forKeypad });
const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };

const simple = { device: simpleLock };
/** Far ahead, for two days. */
const stay: Window = { startsAt: T0 + 10 * DAY, endsAt: T0 + 12 * DAY };
const preloadAt = stay.startsAt - 72 * HOUR;
const wanted = (window: Window | null) => ({ name: 'Guest', ...pin('pin-a'), window });

describe('a PIN that somebody else has for another time', () => {
  const before: Window = { startsAt: stay.startsAt - 2 * DAY, endsAt: stay.startsAt - DAY };
  const held = keypadOf(reservation(OTHER, 'pin-a', before), reservation(CODE, 'pin-a', stay));
  const preloaded = onLock(stay, true, {}, preloadAt);

  it('is waited for until it leaves the keypad, where the other comes first', () => {
    after([at(T0, requested(stay))])
      .when(planned(around(preloadAt, { keypad: held })))
      .then(wait(before.endsAt + 5 * MINUTE, true));
  });

  it('counts as a delay only when the PIN does not become free after the other’s time', () => {
    const late = before.endsAt + 5 * MINUTE;
    const waiting = after([at(T0, requested(stay))]);
    waiting.when(planned(around(late - 1, { keypad: held }))).then(wait(late, true));
    waiting
      .when(planned(around(late, { keypad: held })))
      .then({ do: 'append', events: [{ type: 'SettingDelayed', data: {} }] });
    const free = { ...keypadOf(reservation(CODE, 'pin-a', stay)), releasedAt: late - 1 };
    waiting.when(planned(around(late, { keypad: free }))).thenMatches({ do: 'program', operation: 'create' });
  });

  it('is not waited for where the other comes later', () => {
    const later = { startsAt: stay.endsAt, endsAt: stay.endsAt + DAY };
    after([at(T0, requested(stay))])
      .when(planned(around(preloadAt, { keypad: keypadOf(reservation(OTHER, 'pin-a', later)) })))
      .thenMatches({ do: 'program', operation: 'create' });
  });

  it('is handed over by a code that is on the lock ahead of its own window', () => {
    after(preloaded)
      .when(planned(around(preloadAt + HOUR, { keypad: held })))
      .then({ do: 'remove', purpose: 'withdrawal', lockCodeId: 'lock-code-1' });
  });

  it('is waited for off the lock by a code that is to change to it: a third may need the PIN that it had', () => {
    const change: CodeEvent = { type: 'ChangeRequested', data: pin('pin-b') };
    const changing = after([...preloaded, at(preloadAt + HOUR, change)]);
    const own = [reservation(CODE, 'pin-a', stay), reservation(CODE, 'pin-b', stay)];
    const other = reservation(OTHER, 'pin-b', before);
    changing
      .when(planned(around(preloadAt + HOUR, { keypad: keypadOf(...own, other) })))
      .then({ do: 'remove', purpose: 'withdrawal', lockCodeId: 'lock-code-1' });
    changing
      .when(planned(around(preloadAt + HOUR, { keypad: keypadOf(...own) })))
      .then({ do: 'program', operation: 'change', content: { ...wanted(stay), ...pin('pin-b') } });
  });

  it('is not handed over to a code that is being removed, nor by one in its window', () => {
    const past = { ...before, endsAt: preloadAt };
    after(preloaded)
      .when(planned(around(preloadAt + HOUR, { keypad: keypadOf(reservation(OTHER, 'pin-a', past)) })))
      .then(wait(stay.startsAt));
    after([
      ...preloaded,
      at(stay.startsAt, { type: 'SetOnDevice', data: { commandId: null, lockCodeId: 'lock-code-1' } }),
    ])
      .when(planned(around(stay.startsAt, { keypad: held })))
      .then(wait(stay.endsAt));
  });

  it('does not hold up a change of a code that has it on the lock', () => {
    const renamed: CodeEvent = { type: 'ChangeRequested', data: { name: 'Ann' } };
    after([...onLock(stay, true, {}, stay.startsAt), at(stay.startsAt, renamed)])
      .when(planned(around(stay.startsAt, { keypad: held })))
      .thenMatches({ do: 'program', operation: 'change' });
  });
});

describe('after a failure', () => {
  const failedAt = T0 + SECOND;
  const retryAt = T0 + 30 * SECOND;
  const createAgain = { do: 'program', operation: 'create' };
  const failedBy = (kind: FailureKind, retry: number | null = retryAt) =>
    after([...creating(null, false), at(failedAt, failure('ProgrammingFailed', 'create-1', kind, retry))]);

  it('is tried again when its time has come', () => {
    failedBy('passing')
      .when(planned(around(retryAt - 1)))
      .then(wait(retryAt));
    failedBy('passing')
      .when(planned(around(retryAt)))
      .thenMatches(createAgain);
  });

  it('never tries again what the lock can never take', () => {
    failedBy('permanent', null)
      .when(planned(around(T0 + MINUTE)))
      .then(wait(T0 + 5 * MINUTE));
    after([
      ...creating(null, false),
      at(failedAt, failure('ProgrammingFailed', 'create-1', 'permanent', null)),
      at(T0 + 5 * MINUTE, { type: 'SettingDelayed', data: {} }),
    ])
      .when(planned(around(T0 + 1000 * DAY)))
      .then(wait(null));
  });

  it('tries again at once what was changed', () => {
    after([
      ...creating(null, false),
      at(failedAt, failure('ProgrammingFailed', 'create-1', 'permanent', null)),
      at(failedAt + 1, { type: 'ChangeRequested', data: { ...pin('pin-b') } }),
    ])
      .when(planned(around(failedAt + 1)))
      .thenMatches(createAgain);
  });

  it('tries again as soon as something has left the keypad, where that was in the way', () => {
    const released = (releasedAt: number) => ({ keypad: { ...keypadOf(), releasedAt } });
    failedBy('keypad')
      .when(planned(around(failedAt + 2, released(failedAt - 1))))
      .then(wait(retryAt, true));
    failedBy('keypad')
      .when(planned(around(failedAt + 2, released(failedAt + 1))))
      .thenMatches(createAgain);
    failedBy('passing')
      .when(planned(around(failedAt + 2, released(failedAt + 1))))
      .then(wait(retryAt));
  });

  it('tries again as soon as the lock is back, where it was offline', () => {
    const device = { ...simpleLock, connectionChangedAt: failedAt + 1 };
    failedBy('offline')
      .when(planned(around(failedAt + 2, { device })))
      .thenMatches(createAgain);
    failedBy('offline')
      .when(planned(around(failedAt + 2, { device: { ...device, online: false } })))
      .then(wait(retryAt));
  });

  it('tries again as soon as the maker answers, where it was unavailable', () => {
    failedBy('outage')
      .when(planned(around(failedAt + 2, { account: { ...account, backSince: failedAt + 1 } })))
      .thenMatches(createAgain);
    failedBy('outage')
      .when(planned(around(failedAt + 2)))
      .then(wait(retryAt));
  });

  it('delays a removal for failed removals only', () => {
    const removing = [
      ...onLock(null, false),
      at(T0 + HOUR, programming('change-1', 'change', content(null), T0 + HOUR)),
      at(T0 + HOUR, failure('ProgrammingFailed', 'change-1', 'permanent', null)),
      at(T0 + HOUR, deleted),
    ];
    const remove: Step = { do: 'remove', purpose: 'removal', lockCodeId: 'lock-code-1' };
    after(removing)
      .when(planned(around(T0 + HOUR)))
      .then(remove);
    const again = T0 + HOUR + MINUTE;
    const failedToo = after([
      ...removing,
      at(T0 + HOUR, removalSent('remove-1', 'removal', again)),
      at(T0 + HOUR, failure('RemovalFailed', 'remove-1', 'passing', again)),
    ]);
    failedToo.when(planned(around(T0 + HOUR + 1))).then(wait(again));
    failedToo.when(planned(around(again))).then(remove);
  });

  it('withdraws a code from a lock whose clock went wrong, though a change of it was refused for good', () => {
    after([
      ...onLock(stay, true, {}, preloadAt),
      at(preloadAt, programming('change-1', 'change', content(stay), preloadAt)),
      at(preloadAt, failure('ProgrammingFailed', 'change-1', 'permanent', null)),
    ])
      .when(planned(around(preloadAt + HOUR, simple)))
      .thenMatches({ do: 'remove', purpose: 'withdrawal' });
  });
});

describe('somebody else at the lock', () => {
  const accepted = { externalModificationAllowed: true };
  const foreign = content(null, { name: 'Mallory' });
  const modified = (isAccepted: boolean): CodeEvent => ({
    type: 'ModifiedExternally',
    data: { fields: ['name'], content: foreign, accepted: isAccepted },
  });

  it('has a change set back, unless it is accepted', () => {
    after([...onLock(null, false), at(T0 + 1, modified(false))])
      .when(planned(around(T0 + 2)))
      .then({ do: 'program', operation: 'change', content: wanted(null) });
    after([...onLock(null, false, accepted), at(T0 + 1, modified(true))])
      .when(planned(around(T0 + 2)))
      .then(wait(null));
  });

  it('has an erased code set back, unless it is accepted', () => {
    const erased = (isAccepted: boolean): CodeEvent => ({
      type: 'RemovedExternally',
      data: { accepted: isAccepted },
    });
    after([...onLock(null, false), at(T0 + 1, erased(false))])
      .when(planned(around(T0 + 2)))
      .thenMatches({ do: 'program', operation: 'create' });
    after([...onLock(null, false, accepted), at(T0 + 1, erased(true))])
      .when(planned(around(T0 + DAY)))
      .then(wait(null));
    after([
      ...onLock(null, false, accepted),
      at(T0 + 1, erased(true)),
      at(T0 + 2, { type: 'ChangeRequested', data: { name: 'Ann' } }),
    ])
      .when(planned(around(T0 + 3)))
      .thenMatches({ do: 'program', operation: 'create' });
  });
});
