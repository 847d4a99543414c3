import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import { storedWindow, type Window } from './content';
import { codeFold } from './code-fold';
import type { CodeEvent } from './events';
import type { Listed, ReadBack } from './listing';
import { reconcile } from './read-back';
import {
  at,
  content,
  creating,
  failure,
  onLock,
  pin,
  programming,
  removalSent,
  T0,
} from './testing/builders';

const stay: Window = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const EARLY = T0 + 1;
const LATE = T0 + MINUTE;

const entry = (more: Partial<Listed> = {}): Listed => ({
  lockCodeId: 'lock-code-1',
  name: 'Guest',
  pinFingerprint: 'pin-a',
  window: null,
  status: 'active',
  ...more,
});

/** What a read-back shows of a code with these events. */
const read = (events: readonly Happened<CodeEvent>[], listed: Listed[], more: Partial<ReadBack> = {}) =>
  given(codeFold, events).when((code) =>
    reconcile(code!, { listed, claimed: () => false, now: EARLY, retryAt: T0 + HOUR, ...more }),
  );

const taken = at(T0, {
  type: 'ProgrammingAccepted',
  data: { commandId: 'create-1', lockCodeId: 'lock-code-1' },
});
const set = onLock(null, false);
const changing = [...set, at(T0, programming('change-1', 'change', content(null, { name: 'Ann' }), LATE))];
const deleted = at(T0, { type: 'RemovalStarted', data: { cause: 'deleted' } });
const removing = [...set, deleted, at(T0, removalSent('remove-1', 'removal', LATE))];
const noAnswer = (type: 'ProgrammingFailed' | 'RemovalFailed', commandId: string): CodeEvent => ({
  type,
  data: {
    commandId,
    errorCode: 'NO_ANSWER',
    message: 'the lock did not confirm it in time',
    kind: 'passing',
    retryAt: iso(T0 + HOUR),
  },
});
const gone: CodeEvent = { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } };
const restored: CodeEvent = { type: 'ConnectionRestored', data: {} };
const lost = at(T0, { type: 'ConnectionLost', data: {} });

describe('reading back a code that is being created', () => {
  it('finds it by its id, or by all of its content where the answer was lost', () => {
    const isSet = [{ type: 'SetOnDevice', data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } }];
    read([...creating(null, false), taken], [entry()]).then(isSet as CodeEvent[]);
    read(creating(null, false), [entry()]).then(isSet as CodeEvent[]);
    read(creating(stay, true), [entry({ window: stay })]).then([
      { type: 'ScheduledOnDevice', data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } },
    ]);
  });

  it('never takes somebody else’s code for it', () => {
    const sent = creating(null, false);
    read(sent, [entry({ name: 'Neighbour' })]).then('later');
    read(sent, [entry({ pinFingerprint: 'pin-b' })]).then('later');
    read(sent, [entry({ window: stay })]).then('later');
    read(sent, [entry()], { claimed: () => true }).then('later');
  });

  it('waits while the lock has not decided, and gives up after the deadline', () => {
    const sent = creating(null, false);
    read(sent, []).then('later');
    read(sent, [entry({ status: 'pending' })], { now: LATE }).then('later');
    read(sent, [], { now: LATE }).then([noAnswer('ProgrammingFailed', 'create-1')]);
  });

  it('sees that somebody has changed it since', () => {
    read([...creating(null, false), taken], [entry({ name: 'Mallory' })]).thenMatches([
      { type: 'SetOnDevice' },
      { type: 'ModifiedExternally', data: { fields: ['name'], accepted: false } },
    ]);
  });
});

describe('reading back a code that is being changed', () => {
  it('finds the new, still the old, or nothing', () => {
    const changed: CodeEvent = { type: 'ChangedOnDevice', data: { commandId: 'change-1' } };
    read(changing, [entry({ name: 'Ann' })]).then([changed]);
    read(changing, [entry()]).then('later');
    read(changing, [entry()], { now: LATE }).then([noAnswer('ProgrammingFailed', 'change-1')]);
    read(changing, []).then([{ type: 'RemovedExternally', data: { accepted: false } }]);
  });

  it('does not take a change that was given up for somebody else’s', () => {
    const givenUp = [...changing, at(LATE, noAnswer('ProgrammingFailed', 'change-1'))];
    read(givenUp, [entry({ name: 'Ann' })], { now: LATE }).thenMatches([
      { type: 'ProgrammingStarted', data: { operation: 'change', content: { name: 'Ann' } } },
      { type: 'ChangedOnDevice' },
    ]);
    read(givenUp, [entry({ name: 'Mallory' })], { now: LATE }).thenMatches([{ type: 'ModifiedExternally' }]);
  });
});

describe('reading back a code that is being removed', () => {
  it('finds it gone, or still there', () => {
    read(removing, []).then([gone]);
    read(removing, [entry()]).then('later');
    read(removing, [entry()], { now: LATE }).then([noAnswer('RemovalFailed', 'remove-1')]);
  });

  it('finds it gone though nothing was sent', () => {
    read([...set, deleted], []).then([gone]);
    read([...set, deleted], [entry()]).then([]);
    read([...set, deleted], [entry({ name: 'Mallory' })]).then([]);
  });
});

describe('reading back a code whose creation was given up', () => {
  const givenUp = [
    ...creating(null, false),
    at(LATE, failure('ProgrammingFailed', 'create-1', 'passing', T0 + HOUR, 'NO_ANSWER')),
  ];

  it('finds it after all', () => {
    read(givenUp, [entry()], { now: LATE }).thenMatches([
      { type: 'ProgrammingStarted', data: { operation: 'create', lockCodeId: 'lock-code-1' } },
      { type: 'SetOnDevice', data: { lockCodeId: 'lock-code-1' } },
    ]);
    read(givenUp, [entry({ status: 'pending' })], { now: LATE }).then([]);
    read(givenUp, [], { now: LATE }).then([]);
  });

  it('counts it as removed when it is to be removed', () => {
    const going = [...givenUp, at(LATE, { type: 'RemovalStarted', data: { cause: 'deleted' } })];
    read(going, [], { now: LATE }).then([
      { type: 'Removed', data: { cause: 'deleted', wasOnDevice: false } },
    ]);
    read(going, [entry({ status: 'pending' })], { now: LATE }).then('later');
    read(going, [entry()], { now: LATE }).thenMatches([
      { type: 'ProgrammingStarted' },
      { type: 'SetOnDevice' },
    ]);
  });
});

describe('reading back a code at rest', () => {
  it('finds it as it was', () => {
    read(set, [entry()]).then([]);
    read(set, [entry({ status: 'pending' })]).then('later');
  });

  it('finds what somebody has changed, and that somebody has erased it', () => {
    read(set, [entry({ name: 'Mallory', pinFingerprint: 'pin-x', window: stay })]).then([
      {
        type: 'ModifiedExternally',
        data: {
          fields: ['name', 'code', 'time_frame'],
          // The foreign PIN is not kept: nobody needs it.
          content: { name: 'Mallory', ...pin('pin-a'), pinFingerprint: 'pin-x', window: storedWindow(stay) },
          accepted: false,
        },
      },
    ]);
    read(set, []).then([{ type: 'RemovedExternally', data: { accepted: false } }]);
  });

  it('accepts that where it is allowed, a foreign PIN only with the PIN itself', () => {
    const free = onLock(null, false, { externalModificationAllowed: true });
    read(free, []).then([{ type: 'RemovedExternally', data: { accepted: true } }]);
    read(free, [entry({ name: 'Mallory' })]).thenMatches([{ data: { accepted: true } }]);
    read(free, [entry({ pinFingerprint: 'pin-x' })]).thenMatches([{ data: { accepted: false } }]);
    read(free, [entry(pin('pin-x'))]).thenMatches([
      { data: { accepted: true, content: { ...pin('pin-x') } } },
    ]);
  });

  it('records a change once', () => {
    const seen = given(codeFold, set).state!;
    const listed = [entry({ name: 'Mallory' })];
    const around = { listed, claimed: () => false, now: EARLY, retryAt: T0 + HOUR };
    const [modified] = reconcile(seen, around) as CodeEvent[];
    expect(reconcile(codeFold.evolve(seen, at(EARLY, modified!))!, around)).toEqual([]);
  });
});

describe('reading back after a lost connection', () => {
  it('restores it together with what it finds', () => {
    read([...set, lost], [entry()]).then([restored]);
    read([...set, lost], []).then([restored, { type: 'RemovedExternally', data: { accepted: false } }]);
    read([...removing, lost], []).then([restored, gone]);
    read([...creating(null, false), lost], []).then([restored]);
  });
});
