import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import { storedContent, type Window } from './content';
import { codeFold } from './code-fold';
import type { CodeEvent } from './events';
import { plan, type Step } from './plan';
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
const append = (...events: CodeEvent[]): Step => ({ do: 'append', events });
const lost: CodeEvent = { type: 'ConnectionLost', data: {} };
const restored: CodeEvent = { type: 'ConnectionRestored', data: {} };
const expired: CodeEvent = { type: 'RemovalStarted', data: { cause: 'expired' } };
const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };

const simple = { device: simpleLock };
/** Far ahead, for two days. */
const stay: Window = { startsAt: T0 + 10 * DAY, endsAt: T0 + 12 * DAY };
const preloadAt = stay.startsAt - 72 * HOUR;
const justInTimeAt = stay.startsAt - HOUR;
const wanted = (window: Window | null) => ({ name: 'Guest', ...pin('pin-a'), window });

describe('a code that a lock will keep by itself', () => {
  it('stays off the lock until it is preloaded', () => {
    after([at(T0, requested(stay))])
      .when(planned(around(T0)))
      .then(wait(preloadAt));
    after([at(T0, requested(stay))])
      .when(planned(around(preloadAt - 1)))
      .then(wait(preloadAt));
  });

  it('goes onto the lock with its window 72 hours before it starts, or at once when that is closer', () => {
    const programmed: Step = { do: 'program', operation: 'create', content: wanted(stay) };
    after([at(T0, requested(stay))])
      .when(planned(around(preloadAt)))
      .then(programmed);
    const soon = { startsAt: T0 + HOUR, endsAt: T0 + 2 * HOUR };
    after([at(T0, requested(soon))])
      .when(planned(around(T0)))
      .then({ do: 'program', operation: 'create', content: wanted(soon) });
  });

  it('waits on the lock for its start, and is set then', () => {
    const preloaded = after(onLock(stay, true, {}, preloadAt));
    preloaded.when(planned(around(stay.startsAt - 1))).then(wait(stay.startsAt));
    preloaded
      .when(planned(around(stay.startsAt)))
      .then(append({ type: 'SetOnDevice', data: { commandId: null, lockCodeId: 'lock-code-1' } }));
  });

  it('is withdrawn, and comes back just in time, once the clock of the lock is not trusted', () => {
    const preloaded = after(onLock(stay, true, {}, preloadAt));
    const device = { ...simpleLock, clockTrusted: false };
    preloaded
      .when(planned(around(preloadAt + HOUR, { device })))
      .then({ do: 'remove', purpose: 'withdrawal', lockCodeId: 'lock-code-1' });
  });

  it('may stay on the lock when its window moves far away, and is changed there', () => {
    const later = { startsAt: stay.startsAt + 30 * DAY, endsAt: stay.endsAt + 30 * DAY };
    const change: CodeEvent = {
      type: 'ChangeRequested',
      data: { schedule: storedContent(wanted(later)).window },
    };
    after([...onLock(stay, true, {}, preloadAt), at(preloadAt + 1, change)])
      .when(planned(around(preloadAt + 2)))
      .then({ do: 'program', operation: 'change', content: wanted(later) });
  });
});

describe('a code on a lock that knows no windows', () => {
  it('goes onto the lock one lead before it starts, without its window', () => {
    after([at(T0, requested(stay))])
      .when(planned(around(T0, simple)))
      .then(wait(justInTimeAt));
    after([at(T0, requested(stay))])
      .when(planned(around(justInTimeAt, simple)))
      .then({ do: 'program', operation: 'create', content: wanted(null) });
  });

  it('is treated alike where native scheduling is not wanted', () => {
    after([at(T0, requested(stay, { preferNativeScheduling: false }))])
      .when(planned(around(preloadAt)))
      .then(wait(justInTimeAt));
  });

  it('stays until its end, and is removed then', () => {
    const set = after(onLock(stay, false, {}, justInTimeAt));
    set.when(planned(around(stay.startsAt, simple))).then(wait(stay.endsAt));
    set.when(planned(around(stay.endsAt, simple))).then(append(expired));
  });

  it('is taken off when its start moves into the future', () => {
    const later = { startsAt: stay.startsAt + DAY, endsAt: stay.endsAt + DAY };
    const change: CodeEvent = {
      type: 'ChangeRequested',
      data: { schedule: storedContent(wanted(later)).window },
    };
    const moved = [...onLock(stay, false, {}, justInTimeAt), at(stay.startsAt, change)];
    after(moved)
      .when(planned(around(stay.startsAt, simple)))
      .then({ do: 'remove', purpose: 'withdrawal', lockCodeId: 'lock-code-1' });
    after([
      ...moved,
      at(stay.startsAt, removalSent('away-1', 'withdrawal', stay.startsAt + MINUTE)),
      at(stay.startsAt, { type: 'WithdrawnFromDevice', data: { commandId: 'away-1' } }),
    ])
      .when(planned(around(stay.startsAt, simple)))
      .then(wait(later.startsAt - HOUR));
  });
});

describe('an ongoing code', () => {
  it('goes onto the lock at once and waits for nothing', () => {
    after([at(T0, requested(null))])
      .when(planned(around(T0)))
      .then({ do: 'program', operation: 'create', content: wanted(null) });
    after(onLock(null, false))
      .when(planned(around(T0 + 1000 * DAY)))
      .then(wait(null));
  });

  it('becomes one with a window when it gets one', () => {
    const window = { startsAt: T0 + HOUR, endsAt: T0 + 2 * HOUR };
    const change: CodeEvent = {
      type: 'ChangeRequested',
      data: { schedule: storedContent(wanted(window)).window },
    };
    after([...onLock(null, false), at(T0 + 1, change)])
      .when(planned(around(T0 + 2)))
      .then({ do: 'program', operation: 'change', content: wanted(window) });
  });
});

describe('facts that come with time', () => {
  it('records a delay, once', () => {
    const waiting = after(creating(stay, true, preloadAt));
    const late = preloadAt + 5 * MINUTE;
    waiting.when(planned(around(late - 1))).thenMatches({ do: 'verify' });
    waiting.when(planned(around(late))).then(append({ type: 'SettingDelayed', data: {} }));
    after([...creating(stay, true, preloadAt), at(late, { type: 'SettingDelayed', data: {} })])
      .when(planned(around(late)))
      .then({ do: 'verify' });
  });

  it('records a missed start, with the delay where that was not recorded', () => {
    const missed: CodeEvent = { type: 'StartMissed', data: {} };
    after([at(T0, requested(stay))])
      .when(planned(around(stay.startsAt, simple)))
      .then(append({ type: 'SettingDelayed', data: {} }, missed));
  });

  it('does not count a start as missed that had passed when the code was requested', () => {
    const begun = { startsAt: T0 - HOUR, endsAt: T0 + DAY };
    const delayed = at(T0 + 5 * MINUTE, { type: 'SettingDelayed', data: {} });
    after([...creating(begun, true), delayed])
      .when(planned(around(T0 + HOUR)))
      .then({ do: 'verify' });
  });

  it('does not count a code as late or missed that somebody has just erased', () => {
    const erasedAt = stay.startsAt + HOUR;
    const erased = [
      ...onLock(stay, true, {}, preloadAt),
      at(stay.startsAt, { type: 'SetOnDevice', data: { commandId: null, lockCodeId: 'lock-code-1' } }),
      at(erasedAt, { type: 'RemovedExternally', data: { accepted: false } }),
    ];
    after(erased)
      .when(planned(around(erasedAt)))
      .then({ do: 'program', operation: 'create', content: wanted(stay) });
    after(erased)
      .when(planned(around(erasedAt + 5 * MINUTE)))
      .then(append({ type: 'SettingDelayed', data: {} }));
  });

  it('ends a code at its end, whatever is under way', () => {
    after(creating(stay, true, stay.endsAt - SECOND))
      .when(planned(around(stay.endsAt)))
      .then(append(expired));
    after([at(T0, requested(stay))])
      .when(planned(around(stay.endsAt)))
      .then(append(expired));
  });

  it('records a removal that takes long, once, but not one that has nothing to remove', () => {
    const removing = [...onLock(null, false), at(T0 + HOUR, deleted)];
    const late = T0 + HOUR + 5 * MINUTE;
    const remove: Step = { do: 'remove', purpose: 'removal', lockCodeId: 'lock-code-1' };
    after(removing)
      .when(planned(around(late - 1)))
      .then(remove);
    after(removing)
      .when(planned(around(late)))
      .then(append({ type: 'RemovalDelayed', data: {} }));
    after([...removing, at(late, { type: 'RemovalDelayed', data: {} })])
      .when(planned(around(late)))
      .then(remove);
    after([at(T0, requested(null)), at(T0, deleted)])
      .when(planned(around(late)))
      .then(append({ type: 'Removed', data: { cause: 'deleted', wasOnDevice: false } }));
  });
});

describe('while a command is under way', () => {
  it('waits for its deadline, but not past what time makes true', () => {
    const sent = after(creating(null, false));
    sent.when(planned(around(T0 + 1))).then(wait(T0 + MINUTE));
    sent.when(planned(around(T0 + MINUTE))).then({ do: 'verify' });
    const brief = { startsAt: T0, endsAt: T0 + 10 * SECOND };
    after(creating(brief, true))
      .when(planned(around(T0 + 1)))
      .then(wait(brief.endsAt));
  });

  it('looks sooner where no answer came', () => {
    const silent = after([
      ...creating(null, false),
      at(T0 + SECOND, { type: 'CommandUnanswered', data: { commandId: 'create-1' } }),
    ]);
    silent.when(planned(around(T0 + 2 * SECOND))).then(wait(T0 + 6 * SECOND));
    silent.when(planned(around(T0 + 6 * SECOND))).then({ do: 'verify' });
  });

  it('removes a code that was deleted meanwhile only when its creation is over', () => {
    const going = [...creating(null, false), at(T0 + 1, deleted)];
    after(going)
      .when(planned(around(T0 + 2)))
      .then(wait(T0 + MINUTE));
    after([
      ...going,
      at(T0 + 3, { type: 'SetOnDevice', data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } }),
    ])
      .when(planned(around(T0 + 4)))
      .then({ do: 'remove', purpose: 'removal', lockCodeId: 'lock-code-1' });
  });

  it('reads back before it takes a code for gone whose creation was never answered', () => {
    after([
      ...creating(null, false),
      at(T0 + MINUTE, failure('ProgrammingFailed', 'create-1', 'passing', T0 + 2 * MINUTE, 'NO_ANSWER')),
      at(T0 + MINUTE, deleted),
    ])
      .when(planned(around(T0 + MINUTE)))
      .then({ do: 'verify' });
  });
});

describe('a changed code', () => {
  const changed = (data: CodeEvent & { type: 'ChangeRequested' }) => [
    ...onLock(null, false),
    at(T0 + HOUR, data),
  ];

  it('is changed on the lock in one step; the old PIN stays until the lock confirms', () => {
    const toB = changed({ type: 'ChangeRequested', data: { ...pin('pin-b') } });
    after(toB)
      .when(planned(around(T0 + HOUR)))
      .then({ do: 'program', operation: 'change', content: { ...wanted(null), ...pin('pin-b') } });
    const sent = [
      ...toB,
      at(T0 + HOUR, programming('change-1', 'change', content(null, pin('pin-b')), T0 + HOUR + MINUTE)),
    ];
    expect(after(sent).state?.known.onLock?.pinFingerprint).toBe('pin-a');
  });

  it('releases a PIN that it neither wants nor has on the lock, after the grace', () => {
    const keypad = keypadOf(reservation(CODE, 'pin-a', null), reservation(CODE, 'pin-b', null, T0 + HOUR));
    const settled = after(onLock(null, false));
    const grace = T0 + HOUR + 5 * MINUTE;
    settled.when(planned(around(grace - 1, { keypad }))).then(wait(grace));
    settled.when(planned(around(grace, { keypad }))).then({ do: 'release', pinFingerprint: 'pin-b' });
  });

  it('reserves the PIN and window that it has got without a reservation, unless another code has them', () => {
    const keypad = keypadOf(reservation(CODE, 'pin-a', null));
    const theirs = content(null, pin('pin-c'));
    const taken = after([
      ...onLock(null, false, { externalModificationAllowed: true }),
      at(T0 + 1, { type: 'ModifiedExternally', data: { fields: ['code'], content: theirs, accepted: true } }),
    ]);
    taken.when(planned(around(T0 + 2, { keypad }))).then({ do: 'reserve' });
    const held = keypadOf(reservation(CODE, 'pin-a', null), reservation(OTHER, 'pin-c', null));
    taken.when(planned(around(T0 + DAY, { keypad: held }))).then({ do: 'release', pinFingerprint: 'pin-a' });

    // A change of its window was reserved, but never requested.
    const moved = keypadOf(reservation(CODE, 'pin-a', stay));
    const grace = T0 + 5 * MINUTE;
    const settled = after(onLock(null, false));
    settled.when(planned(around(grace - 1, { keypad: moved }))).then(wait(grace));
    settled.when(planned(around(grace, { keypad: moved }))).then({ do: 'reserve' });
  });

  it('keeps the PIN that is still on the lock', () => {
    const keypad = keypadOf(reservation(CODE, 'pin-a', null), reservation(CODE, 'pin-b', null));
    after(changed({ type: 'ChangeRequested', data: { ...pin('pin-b') } }))
      .when(planned(around(T0 + DAY, { keypad })))
      .thenMatches({ do: 'program', operation: 'change' });
  });
});

describe('a reservation whose code never came', () => {
  it('is made again for a code that was requested after all, unless another code has its PIN', () => {
    const came = after([at(T0, requested(null))]);
    const state = came.state!;
    expect(plan(CODE, state, around(T0, { keypad: keypadOf() }))).toEqual({ do: 'reserve' });
    const taken = keypadOf(reservation(OTHER, 'pin-a', null));
    expect(plan(CODE, state, around(T0, { keypad: taken }))).toMatchObject({ do: 'wait', forKeypad: true });
  });

  it('is released after the grace', () => {
    const keypad = keypadOf(reservation(CODE, 'pin-a', null), reservation(OTHER, 'pin-b', null));
    given(codeFold, [])
      .when(planned(around(T0 + 1, { keypad })))
      .then(wait(T0 + 5 * MINUTE));
    given(codeFold, [])
      .when(planned(around(T0 + 5 * MINUTE, { keypad })))
      .then({ do: 'release', pinFingerprint: null });
    given(codeFold, [])
      .when(planned(around(T0 + 5 * MINUTE)))
      .then(wait(null));
  });
});

describe('a lost account', () => {
  const gone = { account: { ...account, connected: false, disconnectedAt: T0 } };

  it('is recorded once for each live code, and nothing is sent', () => {
    after([at(T0, requested(null))])
      .when(planned(around(T0, gone)))
      .then(append(lost));
    after([...onLock(stay, false, {}, justInTimeAt), at(justInTimeAt, lost)])
      .when(planned(around(stay.endsAt + DAY, { ...gone, ...simple })))
      .then(wait(null));
  });

  it('leads to a read-back when it is back, where something may be on the lock', () => {
    after([...onLock(null, false), at(T0 + 1, lost)])
      .when(planned(around(T0 + HOUR)))
      .then({ do: 'verify' });
    after([at(T0, requested(stay)), at(T0 + 1, lost)])
      .when(planned(around(T0 + HOUR)))
      .then(append(restored));
  });

  it('waits with the read-back until the maker answers', () => {
    after([...onLock(null, false), at(T0 + 1, lost)])
      .when(planned(around(T0 + HOUR, { account: { ...account, unreachableSince: T0 } })))
      .then(wait(null));
  });

  it('removes, and does not set, a code whose window has passed meanwhile', () => {
    const late = around(stay.endsAt + HOUR);
    after([at(T0, requested(stay)), at(T0 + 1, lost), at(stay.endsAt + HOUR, restored)])
      .when(planned(late))
      .then(append(expired));
  });

  it('forgets what is on its locks when it was removed', () => {
    const removed = { account: { ...account, connected: false, removedAt: T0 + HOUR } };
    after([...onLock(null, false), at(T0 + HOUR, deleted)])
      .when(planned(around(T0 + HOUR, removed)))
      .then(append({ type: 'Removed', data: { cause: 'deleted', wasOnDevice: true, leftOnLock: true } }));
  });
});

describe('a device that is gone', () => {
  const gone = { device: { ...simpleLock, removedAt: T0 + HOUR } };

  it('holds on to its codes until they end', () => {
    const set = after(onLock(stay, false, {}, justInTimeAt));
    set.when(planned(around(stay.startsAt, gone))).then(wait(stay.endsAt));
    set.when(planned(around(stay.endsAt, gone))).then(append(expired));
    after(onLock(null, false))
      .when(planned(around(T0 + DAY, gone)))
      .then(wait(null));
  });

  it('is sent no removal', () => {
    after([...onLock(null, false), at(T0 + HOUR, deleted)])
      .when(planned(around(T0 + HOUR, gone)))
      .then(append({ type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } }));
  });
});

describe('an outage of the lock maker', () => {
  const out = { account: { ...account, unreachableSince: T0 } };

  it('holds back every command, and still records what comes with time', () => {
    after([at(T0, requested(null))])
      .when(planned(around(T0 + 1, out)))
      .then(wait(T0 + 5 * MINUTE));
    after([at(T0, requested(null))])
      .when(planned(around(T0 + 5 * MINUTE, out)))
      .then(append({ type: 'SettingDelayed', data: {} }));
    after(creating(null, false))
      .when(planned(around(T0 + 2 * MINUTE, out)))
      .then(wait(T0 + 5 * MINUTE));
  });
});

describe('a code that is gone', () => {
  it('only needs cleaning up, whatever else is true', () => {
    const over = after([
      ...onLock(null, false),
      at(T0 + HOUR, deleted),
      at(T0 + HOUR, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } }),
    ]);
    over.when(planned(around(T0 + HOUR))).then({ do: 'clean-up' });
    over.when(planned(around(T0 + HOUR, { device: null, account: null }))).then({ do: 'clean-up' });
    over
      .when(planned(around(T0 + HOUR, { account: { ...account, connected: false } })))
      .then({ do: 'clean-up' });
  });
});
