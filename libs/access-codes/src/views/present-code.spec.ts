import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { presentCode } from './present-code';
import {
  account,
  at,
  END,
  errorsOf,
  failed,
  fold,
  mutationsOf,
  nativeLock,
  programming,
  REQUESTED,
  requested,
  schedule,
  scheduled,
  sealed,
  settings,
  set,
  shown,
  simpleLock,
  START,
  warningsOf,
} from './testing/shown-codes';

describe('a natively scheduled code', () => {
  const preloaded = fold(
    requested(),
    programming(START - 72 * HOUR, schedule),
    scheduled(START - 72 * HOUR + 1000),
  );

  it('is unset, and its creation deferred, until its preload', () => {
    const code = shown(fold(requested()), REQUESTED);

    expect(code).toMatchObject({ status: 'unset', is_scheduled_on_device: false, type: 'time_bound' });
    expect(code.pending_mutations).toEqual([
      expect.objectContaining({
        mutation_code: 'deferring_creation',
        scheduled_at: new Date(START - 72 * HOUR).toISOString(),
      }),
    ]);
  });

  it('whose key the vault lacks is shown without its PIN, and says so', () => {
    const around = { device: nativeLock, account, now: REQUESTED, settings };
    const code = presentCode(fold(requested()), { ...around, pins: { wanted: null, onLock: null } });

    expect(code).toMatchObject({
      code: null,
      errors: [
        {
          error_code: 'failed_to_set_on_device',
          is_access_code_error: true,
          message: expect.stringContaining('the vault lacks its key'),
        },
      ],
    });
  });

  it('is still unset while it is preloaded, and once it waits on the lock', () => {
    expect(shown(fold(requested()), START - 72 * HOUR)).toMatchObject({ status: 'unset' });
    expect(mutationsOf(shown(fold(requested()), START - 72 * HOUR))).toEqual(['creating']);
    expect(shown(preloaded, START - HOUR)).toMatchObject({
      status: 'unset',
      is_scheduled_on_device: true,
      pending_mutations: [],
    });
  });

  it('is set from its start', () => {
    const code = shown(
      fold(requested(), programming(START - HOUR, schedule), scheduled(START - HOUR), set(START, null)),
      START,
    );

    expect(code).toMatchObject({ status: 'set', is_scheduled_on_device: true, code: '4821' });
  });

  it('is setting, with its errors, when it is not on the lock at its start', () => {
    const late = fold(
      requested(),
      at(START - HOUR, { type: 'SettingDelayed', data: {} }),
      at(START, { type: 'StartMissed', data: {} }),
    );

    expect(shown(late, START).status).toBe('setting');
    expect(errorsOf(shown(late, START))).toEqual(['failed_to_set_on_device', 'failed_to_issue']);
    expect(warningsOf(shown(late, START))).toEqual(['delay_in_setting_on_device']);
  });

  it('warns that it may miss its start before it does', () => {
    const late = fold(requested(), at(START - HOUR, { type: 'SettingDelayed', data: {} }));
    expect(warningsOf(shown(late, START - MINUTE))).toEqual([
      'delay_in_setting_on_device',
      'delay_in_issuing',
    ]);
    // A code without a start can't miss it.
    const ongoing = fold(requested({ schedule: null }), at(START, { type: 'SettingDelayed', data: {} }));
    expect(warningsOf(shown(ongoing, START))).toEqual(['delay_in_setting_on_device']);
  });

  it('is removing from its end on', () => {
    expect(shown(preloaded, END).status).toBe('removing');
    expect(mutationsOf(shown(preloaded, END))).toEqual(['deleting']);
  });
});

describe('a code on a lock that can not schedule', () => {
  it('is unset until its lead, then setting, then set', () => {
    const code = fold(requested());
    const done = fold(requested(), programming(START - HOUR, null), set(START - HOUR + 5000));

    expect(shown(code, START - HOUR - 1, { device: simpleLock }).status).toBe('unset');
    expect(shown(code, START - HOUR, { device: simpleLock }).status).toBe('setting');
    expect(shown(done, START - HOUR + 5000, { device: simpleLock })).toMatchObject({
      status: 'set',
      is_scheduled_on_device: false,
    });
  });

  it('is setting while it is taken off because its start moved away', () => {
    const moved = { startsAt: new Date(START + DAY).toISOString(), endsAt: schedule.endsAt };
    const code = fold(
      requested(),
      programming(START - HOUR, null),
      set(START - HOUR),
      at(START - HOUR + 1, { type: 'ChangeRequested', data: { schedule: moved } }),
    );

    expect(shown(code, START - HOUR + 2, { device: simpleLock }).status).toBe('setting');
    expect(mutationsOf(shown(code, START - HOUR + 2, { device: simpleLock }))).toEqual([
      'updating_time_frame',
    ]);
  });
});

describe('an ongoing code', () => {
  const on = [requested({ schedule: null }), programming(REQUESTED, null), set(REQUESTED + 1000)];

  it('is setting at once, then set', () => {
    expect(shown(fold(requested({ schedule: null })), REQUESTED)).toMatchObject({
      status: 'setting',
      type: 'ongoing',
    });
    expect(shown(fold(...on), REQUESTED + 1000).status).toBe('set');
    expect(shown(fold(...on), REQUESTED + 1000)).not.toHaveProperty('starts_at');
  });

  it('is setting until the lock has confirmed another PIN and name, which show as pending', () => {
    const code = fold(
      ...on,
      at(REQUESTED + 2000, {
        type: 'ChangeRequested',
        data: { name: 'Cleaner', pin: sealed, pinFingerprint: 'fp-2' },
      }),
    );
    const view = shown(code, REQUESTED + 2000, { pins: { wanted: '9753', onLock: '4821' } });

    expect(view.status).toBe('setting');
    expect(view.pending_mutations).toEqual([
      expect.objectContaining({
        mutation_code: 'updating_name',
        from: { name: 'Guest' },
        to: { name: 'Cleaner' },
      }),
      expect.objectContaining({
        mutation_code: 'updating_code',
        from: { code: '4821' },
        to: { code: '9753' },
      }),
    ]);
  });

  it('is unknown, with what is wrong, while its account is lost', () => {
    const lost = { ...account, connected: false, disconnectedAt: REQUESTED + 5000 };
    const code = shown(fold(...on), REQUESTED + 6000, { account: lost });

    expect(code.status).toBe('unknown');
    expect(code.errors).toEqual([
      expect.objectContaining({ error_code: 'account_disconnected', is_connected_account_error: true }),
    ]);
  });

  it('stays unknown until it was verified, though the account is back', () => {
    const code = fold(...on, at(REQUESTED + 5000, { type: 'ConnectionLost', data: {} }));

    expect(shown(code, REQUESTED + 6000).status).toBe('unknown');
  });

  it('inherits that its device is offline, and stays set', () => {
    const code = shown(fold(...on), REQUESTED + 6000, { device: { ...nativeLock, online: false } });

    expect(code.status).toBe('set');
    expect(errorsOf(code)).toEqual(['device_disconnected']);
  });

  it.each([
    ['PIN_CONFLICT', 'keypad', ['duplicate_code_on_device']],
    ['LOCK_FULL', 'keypad', ['no_space_for_access_code_on_device']],
    ['INVALID_PIN', 'permanent', ['failed_to_set_on_device', 'code_constraints_violated']],
  ] as const)('shows what the lock reported: %s', (errorCode, kind, errors) => {
    const code = fold(
      requested({ schedule: null }),
      programming(REQUESTED, null),
      failed(REQUESTED + 1, errorCode, kind),
    );

    expect(errorsOf(shown(code, REQUESTED + 2))).toEqual(errors);
  });

  it('counts as failed after three failures, until it is set', () => {
    const tries = [1, 2, 3].flatMap((n) => [
      programming(REQUESTED + n, null),
      failed(REQUESTED + n, 'JAMMED'),
    ]);
    const code = fold(requested({ schedule: null }), ...tries);
    const then = fold(
      requested({ schedule: null }),
      ...tries,
      programming(REQUESTED + 9, null),
      set(REQUESTED + 9),
    );

    expect(errorsOf(shown(code, REQUESTED + 4))).toEqual(['failed_to_set_on_device']);
    expect(errorsOf(shown(then, REQUESTED + 9))).toEqual([]);
  });

  it('distinguishes an outage of the lock maker from a failure of its own, and shows it only while it waits for the maker', () => {
    const out = { ...account, unreachableSince: REQUESTED };

    expect(errorsOf(shown(fold(requested({ schedule: null })), REQUESTED + 1, { account: out }))).toEqual([
      'provider_issue',
    ]);
    expect(errorsOf(shown(fold(...on), REQUESTED + 2000, { account: out }))).toEqual([]);
  });

  it("shows somebody else's change, and never the foreign PIN", () => {
    const changed = at(REQUESTED + 3000, {
      type: 'ModifiedExternally',
      data: {
        fields: ['name', 'code'],
        content: { name: 'Mallory', pin: sealed, pinFingerprint: 'fp-9', window: null },
        accepted: false,
      },
    });
    const code = shown(fold(...on, changed), REQUESTED + 3001, { pins: { wanted: '4821', onLock: null } });

    expect(code.status).toBe('setting');
    expect(code.errors).toEqual([
      expect.objectContaining({
        error_code: 'conflicting_external_modification',
        change_type: 'modified',
        modified_fields: [
          { field: 'name', from: 'Guest', to: 'Mallory' },
          { field: 'code', from: '4821', to: null },
        ],
      }),
    ]);
  });

  it('is being removed once it was deleted, and says so when that does not work', () => {
    const going = [...on, at(REQUESTED + 3000, { type: 'RemovalStarted', data: { cause: 'deleted' } })];
    const late = at(REQUESTED + 9000, { type: 'RemovalDelayed', data: {} });

    expect(shown(fold(...going), REQUESTED + 3000)).toMatchObject({ status: 'removing', code: '4821' });
    expect(warningsOf(shown(fold(...going, late), REQUESTED + 9000))).toEqual([
      'being_deleted',
      'delay_in_removing_from_device',
    ]);
  });
});
