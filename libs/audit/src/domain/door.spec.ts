import { iso, MINUTE } from '@latchkey/platform';
import type { CodeEvent } from '@latchkey/access-codes';
import { type CodeFact, momentsOf } from './code-history';
import { changesBetween, type LockMoment, openerAt } from './door';

const T0 = Date.UTC(2026, 5, 1, 12);

type Window = { readonly from: number; readonly to: number };

const sealed = { pin: { keyId: 'key', box: 'sealed' }, pinFingerprint: 'print' };
const windowOf = (window?: Window) =>
  window ? { startsAt: iso(T0 + window.from), endsAt: iso(T0 + window.to) } : null;

const requested: CodeEvent = {
  type: 'CodeRequested',
  data: {
    ...{ codeId: 'code-1', workspaceId: 'workspace-1', deviceId: 'device-1', accountId: 'account-1' },
    ...{ name: 'Guest', ...sealed, schedule: null, preferNativeScheduling: true },
    ...{ externalModificationAllowed: false, commonCodeKey: null, isOneTimeUse: false },
    ...{ usesBackupPool: false, isBackup: false },
  },
};
const programming = (operation: 'create' | 'change', window?: Window): CodeEvent => ({
  type: 'ProgrammingStarted',
  data: {
    ...{ commandId: 'command-1', operation, lockCodeId: operation === 'change' ? 'lock-code-1' : null },
    content: { name: 'Guest', ...sealed, window: windowOf(window) },
    ...{ attempt: 1, deadline: iso(T0 + MINUTE) },
  },
});
const accepted: CodeEvent = {
  type: 'ProgrammingAccepted',
  data: { commandId: 'command-1', lockCodeId: 'lock-code-1' },
};
const done = { commandId: 'command-1', lockCodeId: 'lock-code-1' };
const set: CodeEvent = { type: 'SetOnDevice', data: done };
const scheduled: CodeEvent = { type: 'ScheduledOnDevice', data: done };
const unanswered: CodeEvent = {
  type: 'ProgrammingFailed',
  data: {
    ...{ commandId: 'command-1', errorCode: 'NO_ANSWER', message: 'silence', kind: 'passing' },
    retryAt: null,
  },
};
const removalSent: CodeEvent = {
  type: 'RemovalSent',
  data: {
    ...{ commandId: 'command-2', lockCodeId: 'lock-code-1', purpose: 'removal', attempt: 1 },
    deadline: iso(T0 + MINUTE),
  },
};
const removed = (leftOnLock?: true): CodeEvent => ({
  type: 'Removed',
  data: { cause: 'deleted', wasOnDevice: true, ...(leftOnLock ? { leftOnLock } : {}) },
});

const lock: LockMoment[] = [{ at: 0, name: 'Front door', online: true, clockTrusted: true }];

/** What happened, by minutes after T0. */
const given = (...happened: readonly (readonly [number, CodeEvent])[]) => {
  const facts = happened.map(([minute, event], index): CodeFact => ({
    event: { ...event, at: T0 + minute * MINUTE },
    ...{ eventId: `event-${index}`, actor: { type: 'api_key', id: 'key-1' }, requestId: `request-${index}` },
  }));
  return momentsOf(facts);
};
const certaintyAt = (moments: ReturnType<typeof given>, minute: number, on = lock) =>
  openerAt(moments, on, T0 + minute * MINUTE)?.certainty ?? 'closed';

describe('whether a code opens its door', () => {
  it('is not so while it is only wanted, unknown while it is sent, acknowledged, then verified', () => {
    const moments = given([0, requested], [1, programming('create')], [2, accepted], [3, set]);
    const answers = [-1, 0, 1, 2, 3].map((minute) => certaintyAt(moments, minute));
    expect(answers).toEqual(['closed', 'closed', 'unknown', 'acknowledged', 'verified']);
  });

  it('is so in the time frame that was sent to the lock, from its start on and not at its end', () => {
    const frame = { from: 10 * MINUTE, to: 20 * MINUTE };
    const moments = given([0, requested], [1, programming('create', frame)], [2, scheduled]);
    const answers = [5, 10, 19, 20].map((minute) => certaintyAt(moments, minute));
    expect(answers).toEqual(['closed', 'verified', 'verified', 'closed']);
  });

  it('is unknown by a clock that can’t be trusted, inside the time frame and outside', () => {
    const frame = { from: 10 * MINUTE, to: 20 * MINUTE };
    const moments = given([0, requested], [1, programming('create', frame)], [2, scheduled]);
    const wrong = [...lock, { ...lock[0]!, at: T0 + 3 * MINUTE, clockTrusted: false }];
    expect([5, 15, 25].map((minute) => certaintyAt(moments, minute, wrong))).toEqual(
      Array(3).fill('unknown'),
    );
  });

  it('stays unknown where no answer came, and while a change may have been done', () => {
    const moments = given([0, requested], [1, programming('create')], [2, unanswered]);
    expect(certaintyAt(moments, 5)).toBe('unknown');
    const frame = { from: 10 * MINUTE, to: 20 * MINUTE };
    const changing = given(
      ...([
        [0, requested],
        [1, programming('create')],
        [2, set],
        [3, programming('change', frame)],
      ] as const),
    );
    expect([4, 12].map((minute) => certaintyAt(changing, minute))).toEqual(['unknown', 'verified']);
  });

  it('is unknown from when a removal is sent, and over when it is done, unless it was given up with its lock', () => {
    const there = [
      [0, requested],
      [1, programming('create')],
      [2, set],
    ] as const;
    const gone = given(...there, [3, removalSent], [4, removed()]);
    expect([2, 3, 4].map((minute) => certaintyAt(gone, minute))).toEqual(['verified', 'unknown', 'closed']);
    const left = given(...there, [4, removed(true)]);
    expect([2, 4, 99].map((minute) => certaintyAt(left, minute))).toEqual(['verified', 'unknown', 'unknown']);
  });

  it('names the caller for it last by then', () => {
    const moments = given(
      [0, requested],
      [1, programming('create')],
      [2, set],
      [5, { type: 'ChangeRequested', data: { name: 'Cleaner' } }],
    );
    expect(openerAt(moments, lock, T0 + 3 * MINUTE)).toMatchObject({
      name: 'Guest',
      asked: { requestId: 'request-0' },
    });
    expect(openerAt(moments, lock, T0 + 6 * MINUTE)).toMatchObject({
      name: 'Cleaner',
      asked: { requestId: 'request-3' },
    });
  });
});

describe('what changed between two instants', () => {
  it('has each change with the fact behind it, and the ends of time frames without one', () => {
    const frame = { from: 10 * MINUTE, to: 20 * MINUTE };
    const moments = given([0, requested], [1, programming('create', frame)], [2, scheduled], [30, removed()]);
    const changes = changesBetween(moments, lock, T0, T0 + 40 * MINUTE);
    expect(
      changes.map(({ at, opener, because }) => [
        (at - T0) / MINUTE,
        opener?.certainty ?? 'closed',
        because?.event.type ?? 'time',
      ]),
    ).toEqual([
      [10, 'verified', 'time'],
      [20, 'closed', 'time'],
    ]);
  });

  it('counts what had happened while the clock was ahead as having happened', () => {
    const moments = given(
      [0, requested],
      [1, programming('create')],
      [90, set],
      [5, removalSent],
      [6, removed()],
    );
    expect([2, 5, 6, 95].map((minute) => certaintyAt(moments, minute))).toEqual([
      'unknown',
      'unknown',
      'closed',
      'closed',
    ]);
  });
});
