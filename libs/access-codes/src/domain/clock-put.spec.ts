import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import {
  around,
  at,
  content,
  creating,
  failure,
  fold,
  nativeLock,
  onLock,
  planned,
  programming,
  requested,
  simpleLock,
  T0,
} from './testing/builders';
import { changed } from './transitions';

const stay = { startsAt: T0 + 3 * HOUR, endsAt: T0 + 9 * HOUR };
const during = T0 + 4 * HOUR;
const renamed = (lock: 'simple' | 'native') =>
  fold([
    ...onLock(stay, lock === 'native', {}, stay.startsAt),
    at(during, { type: 'ChangeRequested', data: { name: 'Anna' } }),
  ]);

const delayed = at(during, { type: 'SettingDelayed', data: {} });

describe('a clock that was set back', () => {
  it.each([HOUR + MINUTE, 3 * HOUR, 30 * DAY])(
    'takes no code off in the middle of its stay: by %d ms',
    (by) => {
      for (const [lock, device] of [
        ['simple', simpleLock],
        ['native', nativeLock],
      ] as const) {
        const step = planned(around(during - by, { device, latest: during }))(renamed(lock));
        expect(step).toMatchObject({ do: 'program', operation: 'change', content: { name: 'Anna' } });
      }
    },
  );

  it('takes off what was put on ahead of its time by a clock that is known to have been ahead', () => {
    const ahead = T0 + 4 * HOUR;
    const early = fold([
      at(T0, requested(stay)),
      at(ahead, programming('create-1', 'create', content(null), ahead + MINUTE)),
      at(ahead, { type: 'SetOnDevice', data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } }),
    ]);
    const right = around(T0, { device: simpleLock, latest: T0 });
    expect(planned(right)(early)).toMatchObject({ do: 'remove', purpose: 'withdrawal' });
  });

  it('keeps on the lock, or sets there, what was requested while the clock was ahead, once the clock is known to be right', () => {
    const ahead = during + DAY;
    for (const schedule of [null, { startsAt: T0, endsAt: ahead + DAY }]) {
      const asked = at(ahead, requested(schedule));
      const right = around(during, { device: simpleLock, latest: during });
      expect(planned(right)(fold([asked]))).toMatchObject({ do: 'program' });
      const held = fold([
        asked,
        at(ahead, programming('create-1', 'create', content(null), ahead + MINUTE)),
        at(ahead, { type: 'SetOnDevice', data: { commandId: 'create-1', lockCodeId: 'lock-code-1' } }),
      ]);
      expect(planned(right)(held)).toMatchObject({ do: 'wait' });
    }
  });

  it('sets nothing that is not on the lock yet', () => {
    const waiting = fold([at(T0, requested(stay))]);
    const step = planned(around(T0, { device: simpleLock, latest: during }))(waiting);
    expect(step).toMatchObject({ do: 'wait', until: stay.startsAt - HOUR });
  });

  it('waits for no command until an instant of the time before', () => {
    const sent = fold([...creating(null, false, during), delayed]);
    expect(planned(around(during - HOUR, { device: simpleLock }))(sent)).toEqual({ do: 'verify' });
    // Two processes' clocks are never quite the same.
    expect(planned(around(during - 1000, { device: simpleLock }))(sent)).toMatchObject({ do: 'wait' });
  });

  it('waits for no retry until then', () => {
    const failed = fold([
      ...creating(null, false, during),
      at(during, failure('ProgrammingFailed', 'create-1', 'passing', during + 10 * MINUTE)),
      delayed,
    ]);
    expect(planned(around(during - HOUR, { device: simpleLock }))(failed)).toMatchObject({ do: 'program' });
  });
});

describe('a clock that was set forward, perhaps wrongly', () => {
  const days = 3 * DAY;
  const forward = (device = simpleLock) => around(during + days, { device, earliest: during });

  it('ends no stay, sets nothing before its time and reports no missed start, until enough time has passed for it', () => {
    const staying = fold(onLock(stay, false, {}, stay.startsAt));
    expect(planned(forward())(staying)).toMatchObject({ do: 'wait', until: stay.endsAt + days });
    const over = around(stay.endsAt + days, { device: simpleLock, earliest: stay.endsAt });
    expect(planned(over)(staying)).toMatchObject({ do: 'append', events: [{ type: 'RemovalStarted' }] });

    const next = { startsAt: during + DAY, endsAt: during + 2 * DAY };
    const from = next.startsAt - HOUR;
    expect(planned(forward())(fold([at(T0, requested(next))]))).toMatchObject({
      do: 'wait',
      until: from + days,
    });
    const begun = around(from + days, { device: simpleLock, earliest: from });
    expect(
      planned(begun)(changed(fold([at(T0, requested(next))]), { trouble: { settingDelayedAt: T0 } })),
    ).toMatchObject({
      do: 'program',
    });
    expect(planned(forward(nativeLock))(fold(onLock(next, true)))).toMatchObject({
      do: 'wait',
      until: next.startsAt + days,
    });
  });

  it('does not delay a code that is requested for now', () => {
    const asked = at(during + days, requested({ startsAt: during + HOUR / 2, endsAt: during + days + HOUR }));
    expect(planned(forward())(fold([asked]))).toMatchObject({ do: 'program' });
    const ongoing = at(during + days, requested(null));
    expect(planned(forward())(fold([ongoing]))).toMatchObject({ do: 'program' });
  });
});
