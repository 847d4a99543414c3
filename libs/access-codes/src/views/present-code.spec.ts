import type { Account, Device } from '@latchkey/devices';
import type { Happened } from '@latchkey/event-sourcing';
import { seamSchema } from '@latchkey/platform';
import fc from 'fast-check';
import { type AccessCode, codeFold } from '../domain/access-code';
import type { CodeEvent, StoredWindow } from '../domain/events';
import { presentCode } from './present-code';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 5, 1, 15);
const END = START + 48 * HOUR;
const REQUESTED = START - 100 * HOUR;
const settings = { preloadLead: 72 * HOUR, justInTimeLead: HOUR };
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const sealed = { keyId: 'k', box: 'b' };
const schedule: StoredWindow = {
  startsAt: new Date(START).toISOString(),
  endsAt: new Date(END).toISOString(),
};

const account: Account = {
  accountId: id(3),
  workspaceId: id(1),
  maker: 'sandbox',
  displayName: 'Sandbox',
  createdAt: REQUESTED,
  connected: true,
  disconnectedAt: null,
  removedAt: null,
  unreachableSince: null,
  backSince: REQUESTED,
};
const nativeLock: Device = {
  deviceId: id(2),
  workspaceId: id(1),
  accountId: id(3),
  maker: 'sandbox',
  lockId: 'lock-1',
  name: 'Front Door',
  model: null,
  timeZone: 'Europe/Berlin',
  capabilities: {
    nativeScheduling: true,
    supportedCodeLengths: [4, 5, 6],
    codeConstraints: [],
    maxActiveCodes: null,
    canRemotelyLock: true,
    canRemotelyUnlock: true,
  },
  addedAt: REQUESTED,
  online: true,
  connectionChangedAt: REQUESTED,
  removedAt: null,
  clockTrusted: true,
  batteryLow: false,
};
const simpleLock: Device = {
  ...nativeLock,
  capabilities: { ...nativeLock.capabilities, nativeScheduling: false },
};

const at = (instant: number, event: CodeEvent): Happened<CodeEvent> => ({ ...event, at: instant });

const requested = (over: Partial<{ schedule: StoredWindow | null }> = {}) =>
  at(REQUESTED, {
    type: 'CodeRequested',
    data: {
      codeId: id(4),
      workspaceId: id(1),
      deviceId: id(2),
      accountId: id(3),
      name: 'Guest',
      pin: sealed,
      pinFingerprint: 'fp-1',
      schedule,
      preferNativeScheduling: true,
      externalModificationAllowed: false,
      commonCodeKey: null,
      isOneTimeUse: false,
      usesBackupPool: false,
      isBackup: false,
      ...over,
    },
  });

const programming = (
  instant: number,
  window: StoredWindow | null,
  operation: 'create' | 'change' = 'create',
  over = {},
) =>
  at(instant, {
    type: 'ProgrammingStarted',
    data: {
      commandId: 'c',
      operation,
      lockCodeId: operation === 'change' ? 'L' : null,
      content: { name: 'Guest', pin: sealed, pinFingerprint: 'fp-1', window, ...over },
      attempt: 1,
      deadline: new Date(instant + 60_000).toISOString(),
    },
  });
const set = (instant: number, commandId: string | null = 'c') =>
  at(instant, { type: 'SetOnDevice', data: { commandId, lockCodeId: 'L' } });
const scheduled = (instant: number) =>
  at(instant, { type: 'ScheduledOnDevice', data: { commandId: 'c', lockCodeId: 'L' } });
const failed = (instant: number, errorCode: string, kind: 'passing' | 'permanent' | 'keypad' = 'passing') =>
  at(instant, {
    type: 'ProgrammingFailed',
    data: { commandId: 'c', errorCode, message: 'no', kind, retryAt: null },
  });

function fold(...events: Happened<CodeEvent>[]): AccessCode {
  return events.reduce<AccessCode | null>((code, event) => codeFold.evolve(code, event), codeFold.initial)!;
}

function shown(
  code: AccessCode,
  now: number,
  over: Partial<{
    device: Device | null;
    account: Account | null;
    pins: { wanted: string | null; onLock: string | null };
  }> = {},
) {
  return presentCode(code, {
    device: nativeLock,
    account,
    now,
    settings,
    pins: { wanted: '4821', onLock: '4821' },
    ...over,
  });
}

const errorsOf = (code: { errors: { error_code: string }[] }) => code.errors.map((e) => e.error_code);
const warningsOf = (code: { warnings: { warning_code: string }[] }) =>
  code.warnings.map((w) => w.warning_code);
const mutationsOf = (code: { pending_mutations: { mutation_code: string }[] }) =>
  code.pending_mutations.map((m) => m.mutation_code);

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
    const moved = { startsAt: new Date(START + 24 * HOUR).toISOString(), endsAt: schedule.endsAt };
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
  ] as const)('tells what the lock said: %s', (errorCode, kind, errors) => {
    const code = fold(
      requested({ schedule: null }),
      programming(REQUESTED, null),
      failed(REQUESTED + 1, errorCode, kind),
    );

    expect(errorsOf(shown(code, REQUESTED + 2))).toEqual(errors);
  });

  it('has failed once it failed three times, and no more once it is set', () => {
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

  it('tells an outage of the lock maker from a fault of its own, and only while it waits for the maker', () => {
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

describe('every code that can be', () => {
  const soon = fc.integer({ min: 1, max: 3 * 24 * HOUR });
  const content = fc.record({
    name: fc.option(fc.constantFrom('Guest', 'Cleaner')),
    pin: fc.constant(sealed),
    pinFingerprint: fc.constantFrom('fp-1', 'fp-2'),
    window: fc.option(fc.constant(schedule)),
  });
  const failure = fc.record({
    commandId: fc.constant('c'),
    errorCode: fc.constantFrom('PIN_CONFLICT', 'LOCK_FULL', 'INVALID_PIN', 'NO_ANSWER', 'JAMMED'),
    message: fc.constant('no'),
    kind: fc.constantFrom('passing', 'permanent', 'keypad', 'offline', 'outage'),
    retryAt: fc.constant(null),
  });
  const of = (type: CodeEvent['type'], data: fc.Arbitrary<object>) =>
    data.map((value) => ({ type, data: value }) as unknown as CodeEvent);
  const none = fc.constant({});
  const event = fc.oneof(
    of(
      'ProgrammingStarted',
      fc.record({
        commandId: fc.constant('c'),
        operation: fc.constantFrom('create', 'change'),
        lockCodeId: fc.constant('L'),
        content,
        attempt: fc.constant(1),
        deadline: fc.constant(schedule.endsAt),
      }),
    ),
    of('ScheduledOnDevice', fc.constant({ commandId: 'c', lockCodeId: 'L' })),
    of('SetOnDevice', fc.record({ commandId: fc.option(fc.constant('c')), lockCodeId: fc.constant('L') })),
    of('ChangedOnDevice', fc.constant({ commandId: 'c' })),
    of('ProgrammingFailed', failure),
    of('RemovalFailed', failure),
    of('SettingDelayed', none),
    of('StartMissed', none),
    of('RemovalStarted', fc.record({ cause: fc.constantFrom('deleted', 'expired') })),
    of('RemovalDelayed', none),
    of('WithdrawnFromDevice', fc.constant({ commandId: 'c' })),
    of('Removed', fc.record({ cause: fc.constantFrom('deleted', 'expired'), wasOnDevice: fc.boolean() })),
    of('ConnectionLost', none),
    of('ConnectionRestored', none),
    of(
      'ChangeRequested',
      fc.record(
        {
          name: fc.constantFrom('A', null),
          pin: fc.constant(sealed),
          pinFingerprint: fc.constantFrom('fp-1', 'fp-3'),
          schedule: fc.constantFrom(schedule, null),
        },
        { requiredKeys: [] },
      ),
    ),
    of(
      'ModifiedExternally',
      fc.record({
        fields: fc.subarray(['name', 'code', 'time_frame'] as const),
        content,
        accepted: fc.boolean(),
      }),
    ),
    of('RemovedExternally', fc.record({ accepted: fc.boolean() })),
  );

  it('is shown in the published shape', async () => {
    const faults = await seamSchema('access_code');
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.constantFrom(schedule, null),
        fc.array(fc.tuple(soon, event), { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.option(fc.constant('4821')),
        soon,
        (window, events, native, connected, online, pin, later) => {
          let now = REQUESTED;
          const code = fold(
            requested({ schedule: window }),
            ...events.map(([pause, each]) => at((now += pause), each)),
          );
          const view = shown(code, now + later, {
            device: { ...(native ? nativeLock : simpleLock), online },
            account: { ...account, connected, disconnectedAt: connected ? null : now },
            pins: { wanted: pin, onLock: pin },
          });
          for (const error of view.errors) seen.add(error.error_code);
          expect(faults(view)).toEqual([]);
          expect(JSON.stringify(view)).not.toContain('fp-');
        },
      ),
      { numRuns: 2000 },
    );
    // Else the codes above would have been dull ones.
    expect([...seen]).toEqual(
      expect.arrayContaining(['failed_to_set_on_device', 'conflicting_external_modification']),
    );
  });
});
