import { DAY, seamSchema } from '@latchkey/platform';
import fc from 'fast-check';
import type { CodeEvent } from '../domain/events';
import {
  account,
  at,
  fold,
  nativeLock,
  REQUESTED,
  requested,
  schedule,
  sealed,
  shown,
  simpleLock,
} from './testing/shown-codes';

describe('every code that can be', () => {
  const soon = fc.integer({ min: 1, max: 3 * DAY });
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
    // Otherwise the generated codes would not have been varied enough.
    expect([...seen]).toEqual(
      expect.arrayContaining(['failed_to_set_on_device', 'conflicting_external_modification']),
    );
  });
});
