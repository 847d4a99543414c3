import { changedByHand, reportOf } from './lock-reports';

const report = (message: Parameters<typeof reportOf>[1]) => reportOf('0x01', message);

describe('what happens at a lock', () => {
  it('is the use of a code where it was unlocked at the keypad', () => {
    expect(report({ action: 'unlock', actionUser: 12, actionSource: 'keypad' })).toEqual({
      ...{ kind: 'code-used', lockId: '0x01', lockCodeId: '12', at: null },
    });
    // Locks that name no user say so by a number that nobody has.
    expect(report({ action: 'unlock', actionUser: 0xffff, actionSource: 'keypad' })).toMatchObject({
      ...{ kind: 'code-used', lockCodeId: null },
    });
    const at = '2026-06-01T12:00:00.000Z';
    expect(report({ action: 'keypad_unlock', actionUser: 3, lastSeen: at })).toMatchObject({
      lockCodeId: '3',
      at,
    });
  });

  it.each([
    [{ action: 'lock', actionSource: 'keypad' }, 'lock', 'pin_code'],
    [{ action: 'unlock', actionSource: 'rf' }, 'unlock', 'remote_api'],
    [{ action: 'unlock', actionSource: 'rfid' }, 'unlock', 'fob_card'],
    [{ action: 'manual_unlock', actionSource: 'rf' }, 'unlock', 'manual_turn'],
    [{ action: 'one_touch_lock' }, 'lock', 'manual_turn'],
    [{ action: 'auto_lock', actionSource: 'manual' }, 'lock', null],
    [{ action: 'unlock', actionSource: 'fingerprint' }, 'unlock', null],
  ])('is an operation of the bolt: %j', (message, action, performedVia) => {
    expect(report(message)).toMatchObject({ kind: 'action-completed', success: true, action, performedVia });
  });

  it('is a wrong code', () => {
    expect(report({ action: 'unlock_failure_invalid_pin_or_id', actionUser: 0xffff })).toMatchObject({
      kind: 'incorrect-attempt',
    });
  });

  it.each([
    {},
    { action: 'pin_code_added', actionUser: 3 },
    { action: 'unknown' },
    { state: 'LOCK' as const },
  ])('is nothing to report: %j', (message) => {
    expect(report(message)).toBeNull();
  });

  it('changes codes by hand, unless it was us', () => {
    expect(changedByHand({ action: 'pin_code_changed', actionSource: 'keypad' })).toBe(true);
    expect(changedByHand({ action: 'pin_code_added', actionSource: 'rf' })).toBe(false);
    expect(changedByHand({ action: 'unlock', actionSource: 'keypad' })).toBe(false);
  });
});
