import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { given } from '@latchkey/event-sourcing';
import type { Window } from './content';
import { codeFold } from './code-fold';
import { assign, endOfTroubled, handedOver, isReady, isSpare, pulled } from './backup';
import type { CodeEvent } from './events';
import {
  around,
  at,
  CODE,
  creating,
  fold,
  nativeLock,
  onLock,
  OTHER,
  planned,
  requested,
  simpleLock,
  T0,
} from './testing/builders';

const stay: Window = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const NOW = T0 + 2 * HOUR;
const instead = { codeId: OTHER, endsAt: stay.endsAt };

const backup = onLock(null, true, { isBackup: true });
const assigned = at(NOW, {
  type: 'BackupAssigned',
  data: { forCodeId: OTHER, schedule: { startsAt: iso(NOW), endsAt: iso(stay.endsAt) } },
});
const told = at(NOW, { type: 'BackupHandedOver', data: {} });
const backupPulled = (backupCodeId: string): CodeEvent => ({ type: 'BackupPulled', data: { backupCodeId } });

describe('a backup code', () => {
  it('is ready once it is on the lock', () => {
    expect(isReady(fold(backup))).toBe(true);
    expect(isReady(fold([at(T0, requested(null, { isBackup: true }))]))).toBe(false);
    expect(isReady(fold(onLock(null, true)))).toBe(false);
  });
  it('is no longer spare once it was assigned, or is being removed', () => {
    expect(isSpare(fold(backup))).toBe(true);
    expect(isSpare(fold([...backup, assigned]))).toBe(false);
    expect(isSpare(fold([...backup, at(NOW, { type: 'RemovalStarted', data: { cause: 'deleted' } })]))).toBe(
      false,
    );
  });
  it('is assigned from now until the other one ends', () =>
    given(codeFold, backup)
      .when((code) => assign(code, instead, NOW))
      .then([{ type: assigned.type, data: assigned.data } as CodeEvent]));
  it('is given to the same code again, and to no other', () => {
    given(codeFold, [...backup, assigned])
      .when((code) => assign(code, instead, NOW))
      .then([]);
    given(codeFold, [...backup, assigned])
      .when((code) => assign(code, { ...instead, codeId: 'third' }, NOW))
      .thenFails('not available');
  });
  it('is not assigned before it is on the lock', () => {
    given(codeFold, [...creating(null, true)])
      .when((code) => assign(code, instead, NOW))
      .thenFails('not available');
  });
  it('is recorded with the other one first', () => {
    expect(planned(around(NOW))(fold([...backup, assigned]))).toEqual({ do: 'hand-over', toCodeId: OTHER });
    given(codeFold, [...backup, assigned])
      .when(handedOver)
      .then([{ type: 'BackupHandedOver', data: {} }]);
    given(codeFold, [...backup, assigned, told])
      .when(handedOver)
      .then([]);
  });
  it('gets its end onto a lock that keeps windows, and stays as it is on one that does not', () => {
    const code = fold([...backup, assigned, told]);
    expect(planned(around(NOW))(code)).toMatchObject({
      do: 'program',
      operation: 'change',
      content: { window: { startsAt: NOW, endsAt: stay.endsAt } },
    });
    expect(planned(around(NOW, { device: simpleLock }))(code)).toMatchObject({
      do: 'wait',
      until: stay.endsAt,
    });
  });
  it.each([nativeLock, simpleLock])('comes off the lock when the other one ends', (device) => {
    const code = fold([...backup, assigned, told]);
    expect(planned(around(stay.endsAt, { device }))(code)).toMatchObject({
      do: 'append',
      events: [{ type: 'RemovalStarted', data: { cause: 'expired' } }],
    });
  });
});

describe('a code for which a backup is requested', () => {
  const troubled = onLock(stay, true);

  it('has an end', () => {
    expect(endOfTroubled(fold(troubled), NOW)).toBe(stay.endsAt);
    expect(() => endOfTroubled(fold(onLock(null, true)), NOW)).toThrow('time-bound');
    expect(() => endOfTroubled(fold(troubled), stay.endsAt)).toThrow('being removed');
    expect(() => endOfTroubled(null, NOW)).toThrow('does not exist');
  });
  it('has one, and keeps the first', () => {
    given(codeFold, troubled)
      .when((code) => pulled(code, 'backup-1'))
      .then([backupPulled('backup-1')]);
    const has = [...troubled, at(NOW, backupPulled('backup-1'))];
    given(codeFold, has)
      .when((code) => pulled(code, 'backup-2'))
      .then([]);
    given(codeFold, has)
      .when((code) => pulled(code, 'backup-1'))
      .then([]);
  });
  it('has another one when the first is gone', () =>
    given(codeFold, [...troubled, at(NOW, backupPulled('backup-1'))])
      .when((code) => pulled(code, 'backup-2', 'backup-1'))
      .then([backupPulled('backup-2')]));
  it('needs none when it is gone itself', () => {
    const gone = at(NOW + MINUTE, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } });
    given(codeFold, [...troubled, gone])
      .when((code) => pulled(code, 'backup-1'))
      .then([]);
    expect(fold([...troubled, gone]).codeId).toBe(CODE);
  });
});
