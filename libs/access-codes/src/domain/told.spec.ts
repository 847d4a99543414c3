import { HOUR, iso, MINUTE, SECOND } from '@latchkey/platform';
import { given } from '@latchkey/event-sourcing';
import { codeFold } from './code-fold';
import { contentOf, toldOf } from './content';
import { change, failed } from './decisions';
import { type CodeEvent, codeCodec, type StoredContent } from './events';
import type { Listed } from './listing';
import { reconcile } from './read-back';
import {
  around,
  at,
  content,
  failure,
  fold,
  nativeLock,
  onLock,
  pin,
  planned,
  programming,
  requested,
  T0,
} from './testing/builders';
import { asTold } from './told';
import { changed } from './transitions';

const stay = { startsAt: T0 + HOUR, endsAt: T0 + 5 * HOUR };
const stored = { startsAt: iso(stay.startsAt), endsAt: iso(stay.endsAt) };
const during = T0 + 2 * HOUR;

const lockWith = (constraintType: string, timeStepMinutes?: number) => ({
  ...nativeLock,
  capabilities: {
    ...nativeLock.capabilities,
    codeConstraints: [{ constraintType }],
    ...(timeStepMinutes === undefined ? {} : { timeStepMinutes }),
  },
});
const later = lockWith('start_date_in_future');
const told = (startsAt: number) => ({ name: 'Guest', window: { startsAt, endsAt: stay.endsAt } });
const asSent = (of: StoredContent, startsAt: number): StoredContent => ({
  ...of,
  told: { name: of.name, window: { startsAt: iso(startsAt), endsAt: iso(stay.endsAt) } },
});
const entry = (more: Partial<Listed> = {}): Listed => ({
  lockCodeId: 'lock-code-1',
  name: 'Guest',
  pinFingerprint: 'pin-a',
  window: stay,
  status: 'active',
  ...more,
});
const readBack = (...listed: Listed[]) => ({ listed, claimed: () => false, now: during, retryAt: during });

describe('a lock that takes no start that has passed', () => {
  const waiting = given(codeFold, [at(T0, requested(stay))]);

  it('is sent the start that was requested while it lies ahead', () => {
    const circumstances = around(T0, { device: later });
    expect(planned(circumstances)(waiting.state)).toMatchObject({ do: 'program', operation: 'create' });
    expect(planned(circumstances)(waiting.state)).not.toHaveProperty('content.told');
  });

  const late = [
    at(T0, requested(stay)),
    at(stay.startsAt, { type: 'StartMissed', data: {} } as const),
    at(stay.startsAt, { type: 'SettingDelayed', data: {} } as const),
  ];

  it('is sent a later one once it has passed, and the code stays as it was requested', () => {
    expect(planned(around(during, { device: later }))(fold(late))).toMatchObject({
      do: 'program',
      content: { window: stay, told: told(during + MINUTE) },
    });
  });

  it('is sent none where its next step is too far away, or after the end', () => {
    const begun = fold(late);
    const coarse = around(during + MINUTE, { device: lockWith('start_date_in_future', 60) });
    expect(planned(coarse)(begun)).toMatchObject({ content: { told: { window: null } } });
    const last = around(stay.endsAt - SECOND, { device: later });
    expect(planned(last)(begun)).toMatchObject({ content: { told: { window: null } } });
  });

  const inStay = fold(onLock(stay, true).concat(at(stay.startsAt, setNow())));

  it('is not sent the start that it has when a stay that has begun is changed', () => {
    const renamed = fold([
      ...onLock(stay, true),
      at(stay.startsAt, setNow()),
      at(during, { type: 'ChangeRequested', data: { name: 'Anna' } }),
    ]);
    expect(renamed.known.setAt).toBe(stay.startsAt);
    const step = planned(around(during, { device: later }))(renamed);
    expect(step).toMatchObject({
      do: 'program',
      operation: 'change',
      content: { name: 'Anna', window: stay },
    });
    expect(step).not.toHaveProperty('content.told');
  });

  it('is sent a new end without another start where it has a later one', () => {
    const endsAt = stay.endsAt + HOUR;
    const held = asSent(content(stay), during - HOUR / 2);
    const extended = fold([
      at(T0, requested(stay)),
      at(during - HOUR, programming('create-1', 'create', held, during)),
      at(during - HOUR, setBy('ScheduledOnDevice')),
      at(during, { type: 'ChangeRequested', data: { schedule: { ...stored, endsAt: iso(endsAt) } } }),
    ]);
    expect(planned(around(during, { device: later }))(extended)).toMatchObject({
      operation: 'change',
      content: { window: { ...stay, endsAt }, told: { window: { startsAt: during - HOUR / 2, endsAt } } },
    });
  });

  it('opens from the start that it was sent, and the code is set then', () => {
    const opensAt = during + MINUTE;
    const sent = programming('create-1', 'create', asSent(content(stay), opensAt), during + 2 * MINUTE);
    const code = fold([at(T0, requested(stay)), at(during, sent)]);
    expect(reconcile(code, readBack(entry({ window: told(opensAt).window })))).toEqual([
      setBy('ScheduledOnDevice'),
    ]);
    const scheduled = fold([
      at(T0, requested(stay)),
      at(during, sent),
      at(during, setBy('ScheduledOnDevice')),
    ]);
    expect(planned(around(during, { device: later }))(scheduled)).toMatchObject({
      do: 'wait',
      until: opensAt,
    });
    expect(planned(around(opensAt, { device: later }))(scheduled)).toEqual({
      do: 'append',
      events: [setNow()],
    });
  });

  it('has refused for the instant alone when the start may have passed, and for good when it lies ahead', () => {
    const refusedAt = (startsAt: number) => {
      const sent = programming('create-1', 'create', asSent(content(stay), startsAt), during + HOUR);
      const code = fold([at(T0, requested(stay)), at(during, sent)]);
      const under = { rules: later.capabilities, at: during };
      const trouble = { errorCode: 'INVALID_PIN', message: 'no', retryAt: during + MINUTE, under };
      return failed(code, 'create-1', trouble)[0]?.data;
    };
    expect(refusedAt(during - MINUTE)).toMatchObject({ kind: 'passing', retryAt: iso(during + MINUTE) });
    expect(refusedAt(during + MINUTE)).toMatchObject({ kind: 'passing' });
    expect(refusedAt(during + 8 * MINUTE)).toMatchObject({ kind: 'permanent', retryAt: null });
  });

  it('is sent a start further ahead each time it refuses one', () => {
    const refused = [1, 2, 3].flatMap((nth) => [
      at(during, programming(`create-${nth}`, 'create', content(stay), during)),
      at(during, failure('ProgrammingFailed', `create-${nth}`, 'passing', during, 'INVALID_PIN')),
    ]);
    const code = fold([
      at(T0, requested(stay)),
      at(stay.startsAt, { type: 'StartMissed', data: {} }),
      ...refused,
    ]);
    const step = planned(around(during, { device: later }))(
      changed(code, { trouble: { settingDelayedAt: during } }),
    );
    expect(step).toMatchObject({ content: { told: told(during + 8 * MINUTE) } });
  });

  it('that still holds the start it was sent does not count as changed by somebody', () => {
    const held = asSent(content(stay), during - HOUR / 2);
    const code = fold([
      at(T0, requested(stay)),
      at(during - HOUR, programming('create-1', 'create', held, during)),
      at(during - HOUR, setBy('ScheduledOnDevice')),
    ]);
    expect(reconcile(code, readBack(entry({ window: told(during - HOUR / 2).window })))).toEqual([]);
    // Only the PIN counts as changed by somebody else, not the later start.
    const meddled = reconcile(
      changed(code, { wanted: { externalModificationAllowed: true } }),
      readBack(entry({ window: told(during - HOUR / 2).window, ...pin('pin-x') })),
    );
    expect(meddled).toMatchObject([
      { type: 'ModifiedExternally', data: { fields: ['code'], accepted: true, content: { window: stored } } },
    ]);
    expect(inStay.known.setAt).toBe(stay.startsAt);
  });

  it('may have carried out an unanswered attempt, with the start that was sent then', () => {
    const code = fold([
      at(T0, requested(stay)),
      at(during, programming('create-2', 'create', asSent(content(stay), during + 2 * MINUTE), during)),
      at(during, failure('ProgrammingFailed', 'create-2', 'passing', during + MINUTE, 'NO_ANSWER')),
    ]);
    const { window } = told(during + MINUTE);
    const verdict = reconcile(code, readBack(entry({ window })));
    expect(verdict).toMatchObject([
      {
        type: 'ProgrammingStarted',
        data: { content: { window: stored, told: { window: { startsAt: iso(window.startsAt) } } } },
      },
      { type: 'ScheduledOnDevice' },
    ]);
  });
});

describe('a refusal', () => {
  const refusedBy = (constraintType: string, errorCode: string, name: string | null = 'Guest') => {
    const sent = programming('create-1', 'create', content(null, { name }), during);
    const code = fold([at(T0, requested(null, { name })), at(T0, sent)]);
    const under = { rules: lockWith(constraintType).capabilities, at: during };
    return failed(code, 'create-1', { errorCode, message: 'no', retryAt: during, under })[0]?.data;
  };

  it.each([
    ['no_zeros', 'INVALID_PIN', 'permanent'],
    ['start_date_in_future', 'INVALID_PIN', 'permanent'],
    ['unique_first_four_digits', 'INVALID_PIN', 'keypad'],
    ['pin_code_matches_existing_set', 'INVALID_PIN', 'keypad'],
    ['name_must_be_unique', 'INVALID_REQUEST', 'keypad'],
    ['name_must_be_unique', 'SCHEDULE_NOT_SUPPORTED', 'permanent'],
    ['no_zeros', 'NAME_CONFLICT', 'keypad'],
  ])('by a lock with the rule %s, %s, is %s', (rule, errorCode, kind) => {
    expect(refusedBy(rule, errorCode)).toMatchObject({ kind });
  });

  it('of a name that another code has leads to a different name, then to a short different one', () => {
    const code = (refusals: number) =>
      fold([
        at(T0, requested(null, { name: 'Countess Eleonora' })),
        ...Array.from({ length: refusals }, () => [
          at(T0, programming('create-1', 'create', content(null, { name: 'Countess Eleonora' }), T0)),
          at(T0, failure('ProgrammingFailed', 'create-1', 'keypad', T0, 'NAME_CONFLICT')),
        ]).flat(),
      ]);
    const names = [0, 1, 2].map((refusals) => {
      const told = asTold(
        code(refusals),
        contentOf(content(null, { name: 'Countess Eleonora' })),
        nativeLock,
        T0,
      );
      return toldOf(told).name;
    });
    expect(names).toEqual(['Countess Eleonora', 'Countess Eleonora CODE1', 'Count CODE1']);
  });

  it('that may be due to the name is not final before a plain one has been tried', () => {
    const long = 'Zoë, who comes late';
    expect(refusedBy('no_zeros', 'INVALID_REQUEST', long)).toMatchObject({ kind: 'passing' });
    const code = fold([
      at(T0, requested(null, { name: long })),
      at(T0, programming('create-1', 'create', content(null, { name: long }), T0)),
      at(T0, failure('ProgrammingFailed', 'create-1', 'passing', T0, 'INVALID_REQUEST')),
    ]);
    expect(planned(around(T0))(code)).toMatchObject({
      do: 'program',
      content: { name: long, told: { name: 'Zoe who come' } },
    });
  });

  it('that is final is tried again when the same is requested again', () => {
    const history = [
      at(T0, requested(null)),
      at(T0, programming('create-1', 'create', content(null), T0)),
      at(T0, failure('ProgrammingFailed', 'create-1', 'permanent', null, 'INVALID_PIN')),
    ];
    const asked: CodeEvent = { type: 'ChangeRequested', data: {} };
    given(codeFold, history)
      .when((code) => change(code, { ...pin('pin-a'), again: true }))
      .then([asked]);
    given(codeFold, history)
      .when((code) => change(code, pin('pin-a')))
      .then([]);
    expect(planned(around(T0))(fold([...history, at(T0, asked)]))).toMatchObject({ do: 'program' });
    given(codeFold, [at(T0, requested(null))])
      .when((code) => change(code, { again: true }))
      .then([]);
  });
});

describe('a name on a lock', () => {
  const renamedTo = (name: string, attempt: number) => {
    const sent = programming('change-1', 'change', content(null, { name }), during + HOUR);
    return fold([
      ...onLock(null, false),
      at(during, { type: 'ChangeRequested', data: { name } }),
      at(during, sent.type === 'ProgrammingStarted' ? { ...sent, data: { ...sent.data, attempt } } : sent),
    ]);
  };

  it('that is the beginning of the new one counts as the old one, the first time', () => {
    const guest = readBack(entry({ window: null }));
    expect(reconcile(renamedTo('Guest of honour', 1), guest)).toBe('later');
    expect(reconcile(renamedTo('Guest of honour', 2), guest)).toMatchObject([{ type: 'ChangedOnDevice' }]);
  });

  it('that the lock alters again after it was put back is left so', () => {
    const strange = readBack(entry({ window: null, name: 'User: Guest' }));
    const set = onLock(null, false);
    const seen = reconcile(fold(set), strange);
    expect(seen).toMatchObject([{ type: 'ModifiedExternally', data: { fields: ['name'] } }]);
    const putBack = fold([
      ...set,
      at(during, (seen as CodeEvent[])[0]!),
      at(during, programming('change-1', 'change', content(null), during + HOUR)),
      at(during, { type: 'ChangedOnDevice', data: { commandId: 'change-1' } }),
    ]);
    expect(reconcile(putBack, strange)).toEqual([]);
    expect(reconcile(putBack, readBack(entry({ window: null, name: 'Mallory' })))).toHaveLength(1);
  });
});

test('events from before anything else was sent to locks are read as they were', () => {
  const { type, data } = programming('create-1', 'create', content(stay), during);
  const metadata = {
    ...{ $correlationId: 'a', $causationId: 'b', actor: { type: 'system' }, workspaceId: 'workspace-1' },
    ...{ schemaVersion: 1, occurredAt: iso(T0) },
  };
  const recorded = { id: 'id', type, data, metadata, stream: 'accessCode-1', revision: 1 };
  expect(codeCodec.decode(recorded as never).data).toEqual(data);
});

function setNow(): CodeEvent {
  return { type: 'SetOnDevice', data: { commandId: null, lockCodeId: 'lock-code-1' } };
}

function setBy(type: 'ScheduledOnDevice' | 'SetOnDevice'): CodeEvent {
  return { type, data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } };
}
