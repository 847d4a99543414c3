import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import { storedWindow, type Window } from './content';
import { codeFold } from './code-fold';
import {
  accepted,
  change,
  failed,
  leftUnanswered,
  type Outcome,
  remove,
  reported,
  request,
  unanswered,
} from './decisions';
import type { CodeEvent } from './events';
import {
  at,
  CODE,
  content,
  creating,
  onLock,
  pin,
  programming,
  removalSent,
  requested,
  T0,
} from './testing/builders';

const stay: Window = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const wanted = requested(stay) as CodeEvent & { type: 'CodeRequested' };
const set = onLock(null, false);
const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };
const expired: CodeEvent = { type: 'RemovalStarted', data: { cause: 'expired' } };
const gone = (cause: 'deleted' | 'expired', wasOnDevice: boolean): CodeEvent => ({
  type: 'Removed',
  data: { cause, wasOnDevice },
});
const after = (events: readonly Happened<CodeEvent>[]) => given(codeFold, events);
const removing = [
  ...set,
  at(T0 + HOUR, deleted),
  at(T0 + HOUR, removalSent('remove-1', 'removal', T0 + 2 * HOUR)),
];
const changing = [
  ...set,
  at(T0 + 1, { type: 'ChangeRequested', data: { name: 'Ann' } }),
  at(T0 + 1, programming('change-1', 'change', content(null, { name: 'Ann' }), T0 + MINUTE)),
];

describe('asking for a code', () => {
  it('happens once', () => {
    after([])
      .when((code) => request(code, wanted.data))
      .then([wanted]);
    after([at(T0, wanted)])
      .when((code) => request(code, wanted.data))
      .then([]);
  });
});

describe('changing a code', () => {
  it('records only what differs', () => {
    after(set)
      .when((code) => change(code, { name: 'Ann', preferNativeScheduling: true, schedule: null }))
      .then([{ type: 'ChangeRequested', data: { name: 'Ann' } }]);
    after(set)
      .when((code) => change(code, { name: 'Guest', ...pin('pin-a'), externalModificationAllowed: false }))
      .then([]);
    after(set)
      .when((code) =>
        change(code, {
          name: null,
          ...pin('pin-b'),
          schedule: stay,
          preferNativeScheduling: false,
          externalModificationAllowed: true,
        }),
      )
      .then([
        {
          type: 'ChangeRequested',
          data: {
            name: null,
            ...pin('pin-b'),
            schedule: storedWindow(stay),
            preferNativeScheduling: false,
            externalModificationAllowed: true,
          },
        },
      ]);
  });

  it('is refused for a code that is being removed, is gone or never existed', () => {
    const asked = (code: AccessCode | null) => change(code, { name: 'Ann' });
    after(removing)
      .when(asked)
      .thenFails(/being removed/);
    after([...removing, at(T0 + HOUR, gone('deleted', true))])
      .when(asked)
      .thenFails(/does not exist/);
    after([])
      .when(asked)
      .thenFails(/does not exist/);
  });
});

describe('deleting a code', () => {
  it('ends one that was never sent to a lock', () => {
    after([at(T0, wanted)])
      .when(remove)
      .then([deleted, gone('deleted', false)]);
  });

  it('begins the removal of one that is, or may be, on its lock', () => {
    after(set).when(remove).then([deleted]);
    after(creating(null, false)).when(remove).then([deleted]);
    const givenUp: CodeEvent = {
      type: 'ProgrammingFailed',
      data: {
        commandId: 'create-1',
        errorCode: 'NO_ANSWER',
        message: 'no',
        kind: 'passing',
        retryAt: iso(T0 + HOUR),
      },
    };
    after([...creating(null, false), at(T0 + MINUTE, givenUp)])
      .when(remove)
      .then([deleted]);
  });

  it('happens once, also for a code that had expired before', () => {
    after(removing).when(remove).then([]);
    after([...set, at(T0 + HOUR, expired)])
      .when(remove)
      .then([deleted]);
    after([...set, at(T0 + HOUR, expired), at(T0 + 2 * HOUR, deleted)])
      .when(remove)
      .then([]);
  });

  it('forgets an expired code that had stayed readable, once', () => {
    const over = [...set, at(T0 + HOUR, expired), at(T0 + HOUR, gone('expired', true))];
    after(over)
      .when(remove)
      .then([{ type: 'Forgotten', data: {} }]);
    after([...over, at(T0 + 2 * HOUR, { type: 'Forgotten', data: {} })])
      .when(remove)
      .thenFails(/does not exist/);
  });

  it('is refused for a code that is gone', () => {
    after([...removing, at(T0 + HOUR, gone('deleted', true))])
      .when(remove)
      .thenFails(/does not exist/);
    after([])
      .when(remove)
      .thenFails(/does not exist/);
  });
});

describe('the answer to a command', () => {
  const silent: CodeEvent = { type: 'CommandUnanswered', data: { commandId: 'create-1' } };

  it('is noted once, and only for the command under way', () => {
    const taken: CodeEvent = {
      type: 'ProgrammingAccepted',
      data: { commandId: 'create-1', lockCodeId: 'lock-code-1' },
    };
    const sent = creating(null, false);
    after(sent)
      .when((code) => accepted(code, 'create-1', 'lock-code-1'))
      .then([taken]);
    after([...sent, at(T0, taken)])
      .when((code) => accepted(code, 'create-1', 'lock-code-1'))
      .then([]);
    after(sent)
      .when((code) => accepted(code, 'create-0', 'lock-code-1'))
      .then([]);
    after(sent)
      .when((code) => unanswered(code, 'create-1'))
      .then([silent]);
    after([...sent, at(T0, silent)])
      .when((code) => unanswered(code, 'create-1'))
      .then([]);
    after(set)
      .when((code) => unanswered(code, 'create-1'))
      .then([]);
  });

  it('nobody waits for an answer any more: that it did not come is recorded, unless it did', () => {
    const sent = creating(null, false);
    const silent: CodeEvent = { type: 'CommandUnanswered', data: { commandId: 'create-1' } };
    const taken: CodeEvent = {
      type: 'ProgrammingAccepted',
      data: { commandId: 'create-1', lockCodeId: 'lock-code-1' },
    };
    const left = (code: AccessCode | null) => leftUnanswered(code, 'create-1');
    after(sent).when(left).then([silent]);
    after([...sent, at(T0, silent)])
      .when(left)
      .then([]);
    after([...sent, at(T0, taken)])
      .when(left)
      .then([]);
    after(set).when(left).then([]);
    after([...set, at(T0, deleted), at(T0, removalSent('removal-1', 'removal', T0 + HOUR))])
      .when((code) => leftUnanswered(code, 'removal-1'))
      .then([{ type: 'CommandUnanswered', data: { commandId: 'removal-1' } }]);
  });

  const refusedWith =
    (commandId: string, errorCode: string, outage = false) =>
    (code: AccessCode | null) =>
      failed(code, commandId, { errorCode, message: 'no', outage, retryAt: T0 + HOUR });

  it.each([
    ['INVALID_PIN', 'permanent'],
    ['INVALID_PIN_FORMAT', 'permanent'],
    ['INVALID_REQUEST', 'permanent'],
    ['SCHEDULE_NOT_SUPPORTED', 'permanent'],
    ['PIN_CANNOT_BE_SPECIFIED', 'permanent'],
    ['PIN_CONFLICT', 'keypad'],
    ['LOCK_FULL', 'keypad'],
    ['DEVICE_OFFLINE', 'offline'],
    ['LOCK_JAMMED', 'passing'],
    ['NOT_FOUND', 'passing'],
  ])('%s to a new code is a failure of kind %s', (errorCode, kind) => {
    const retryAt = kind === 'permanent' ? null : iso(T0 + HOUR);
    after(creating(null, false))
      .when(refusedWith('create-1', errorCode))
      .then([
        {
          type: 'ProgrammingFailed',
          data: { commandId: 'create-1', errorCode, message: 'no', kind, retryAt },
        } as CodeEvent,
      ]);
  });

  it('never gives up a removal, and takes the absence of a code for its removal', () => {
    after(removing)
      .when(refusedWith('remove-1', 'INVALID_REQUEST'))
      .thenMatches([{ type: 'RemovalFailed', data: { kind: 'passing', retryAt: iso(T0 + HOUR) } }]);
    after(removing)
      .when(refusedWith('remove-1', 'NOT_FOUND'))
      .then([gone('deleted', true)]);
  });

  it('takes the absence of a code that was to be changed for somebody else’s doing', () => {
    after(changing)
      .when(refusedWith('change-1', 'NOT_FOUND'))
      .then([{ type: 'RemovedExternally', data: { accepted: false } }]);
  });

  it('does not count an outage as a failure of the code', () => {
    const events = after(creating(null, false)).state;
    const [event] = refusedWith('create-1', 'UNREACHABLE', true)(events);
    expect(event).toMatchObject({ type: 'ProgrammingFailed', data: { kind: 'outage' } });
    expect(codeFold.evolve(events, at(T0 + 1, event!))).toMatchObject({
      trouble: { failedAttempts: 0, failedToSetAt: null },
    });
  });

  it('is ignored once the command is over', () => {
    after(set).when(refusedWith('create-1', 'LOCK_JAMMED')).then([]);
    after([]).when(refusedWith('create-1', 'LOCK_JAMMED')).then([]);
  });
});

describe('a lock’s own report', () => {
  const report = (operation: Outcome['operation'], success = true, lockCodeId = 'lock-code-1') => {
    const errorCode = success ? null : 'LOCK_JAMMED';
    return (code: AccessCode | null) =>
      reported(code, { operation, lockCodeId, success, errorCode, retryAt: T0 + HOUR }, T0 + 2);
  };
  const taken: CodeEvent = {
    type: 'ProgrammingAccepted',
    data: { commandId: 'create-1', lockCodeId: 'lock-code-1' },
  };
  const created = (native: boolean) => [...creating(native ? stay : null, native), at(T0 + 1, taken)];
  const data = { commandId: 'create-1', lockCodeId: 'lock-code-1' };

  it('sets a code, or schedules one whose window lies ahead', () => {
    after(created(false))
      .when(report('created'))
      .then([{ type: 'SetOnDevice', data }]);
    after(created(true))
      .when(report('created'))
      .then([{ type: 'ScheduledOnDevice', data }]);
  });

  it('counts once: repeated and late reports, and those of other codes, are ignored', () => {
    after(set).when(report('created')).then([]);
    after(created(false))
      .when(report('created', true, 'lock-code-9'))
      .then([]);
    after(changing).when(report('created')).then([]);
    after([]).when(report('created')).then([]);
    after([...removing, at(T0 + HOUR, gone('deleted', true))])
      .when(report('deleted'))
      .then([]);
  });

  it('of a change has the lock read back, since it may be about an earlier one', () => {
    after(changing).when(report('updated')).then('read-back');
    after(changing).when(report('updated', false)).then('read-back');
    after(changing).when(report('deleted')).then('read-back');
  });

  it('ends a removal, or a withdrawal', () => {
    after(removing)
      .when(report('deleted'))
      .then([gone('deleted', true)]);
    const withdrawing = at(T0 + 1, removalSent('away-1', 'withdrawal', T0 + MINUTE));
    after([...set, withdrawing])
      .when(report('deleted'))
      .then([{ type: 'WithdrawnFromDevice', data: { commandId: 'away-1' } }]);
    after([...set, withdrawing, at(T0 + 1, deleted)])
      .when(report('deleted'))
      .then([gone('deleted', true)]);
  });

  it('of a removal that was not requested here has the lock read back', () => {
    after(set).when(report('deleted')).then('read-back');
    after(set).when(report('updated')).then('read-back');
    after(set).when(report('updated', false)).then([]);
    after(set).when(report('created')).then([]);
    after(set).when(report('deleted', false)).then([]);
  });

  it('of a failure is a failure', () => {
    after(created(false))
      .when(report('created', false))
      .thenMatches([{ type: 'ProgrammingFailed', data: { errorCode: 'LOCK_JAMMED' } }]);
    after(removing)
      .when(report('deleted', false))
      .thenMatches([{ type: 'RemovalFailed', data: { errorCode: 'LOCK_JAMMED' } }]);
  });

  it('never counts for a code of another id', () => {
    expect(after(set).state?.codeId).toBe(CODE);
    after(set)
      .when(report('deleted', true, 'lock-code-2'))
      .then([]);
  });
});
