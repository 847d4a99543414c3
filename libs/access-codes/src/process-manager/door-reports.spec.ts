import type { ActionAttempt } from '@latchkey/devices';
import { nativeLock } from '../domain/testing/builders';
import { doorEventOf, type DoorReport, reportKeyOf } from './door-reports';

const where = { deviceId: 'device-1', accountId: 'account-1', workspaceId: 'workspace-1', reportKey: 'key' };
const attempt: ActionAttempt = {
  actionAttemptId: 'attempt-1',
  workspaceId: 'workspace-1',
  deviceId: 'device-1',
  action: 'unlock',
  requestedAt: 0,
  outcome: 'pending',
};
const told = (report: DoorReport, more: Partial<Parameters<typeof doorEventOf>[2]> = {}) =>
  doorEventOf(report, nativeLock, { codeId: null, attempt: null, reportKey: 'key', ...more });
const completed = (performedVia: string | null, more: Partial<DoorReport> = {}): DoorReport =>
  ({
    kind: 'action-completed',
    lockId: 'lock-1',
    actionId: 'a',
    success: true,
    errorCode: null,
    performedVia,
    ...more,
  }) as DoorReport;

describe('what a lock reports of its door', () => {
  it('names the code of ours that opened it, or says that it was another', () => {
    const used: DoorReport = { kind: 'code-used', lockId: 'lock-1', lockCodeId: 'L', at: null };
    const how = { method: 'keycode', actionAttemptId: null, viaBluetooth: false };
    expect(told(used, { codeId: 'code-1' })).toEqual({
      type: 'DoorUnlocked',
      data: { ...where, ...how, codeId: 'code-1' },
    });
    expect(told(used)).toMatchObject({ data: { codeId: null } });
  });

  it('says that somebody was not let in, but not what was entered', () => {
    const denied: DoorReport = { kind: 'incorrect-attempt', lockId: 'lock-1', at: null };
    expect(told(denied)).toEqual({ type: 'AccessDenied', data: where });
  });

  it.each([
    ['tampered', 'LockTampered'],
    ['jammed', 'LockJammed'],
  ] as const)('tells that the lock was %s, once for each instant that it names', (kind, type) => {
    const report: DoorReport = { kind, lockId: 'lock-1', at: '2026-03-02T10:00:00Z' };
    expect(told(report)).toEqual({ type, data: where });
    expect(reportKeyOf(report)).toBe(`${kind}/2026-03-02T10:00:00Z`);
    expect(reportKeyOf({ ...report, at: null })).toBeNull();
    expect(reportKeyOf({ ...report, id: 'r' })).toBe('report/r');
  });

  it.each([
    ['mobile_app', 'remote', false],
    ['remote_api', 'remote', false],
    ['bluetooth_key', 'remote', true],
    ['fob_card', 'card', false],
    ['manual_turn', 'manual', false],
    [null, 'unknown', false],
  ])('says how it was locked: %s', (performedVia, method, viaBluetooth) => {
    const event = told(completed(performedVia, { action: 'lock' }));
    const data = { ...where, method, viaBluetooth, codeId: null, actionAttemptId: null };
    expect(event).toEqual({ type: 'DoorLocked', data });
  });

  it('contains what we were asked to do, which a maker need not repeat', () => {
    expect(told(completed('remote_api'), { attempt })).toMatchObject({
      type: 'DoorUnlocked',
      data: { method: 'remote', actionAttemptId: 'attempt-1' },
    });
    // Another workspace's device is the same lock: for that one, somebody else did it.
    const others = { ...attempt, deviceId: 'device-2' };
    expect(told(completed('remote_api', { action: 'unlock' }), { attempt: others })).toMatchObject({
      data: { method: 'remote', actionAttemptId: null },
    });
  });

  it('records nothing for a failure, for an unclear report, and for what a report of its own covers', () => {
    expect(told(completed('remote_api', { success: false }), { attempt })).toBeNull();
    expect(told(completed('mobile_app'))).toBeNull();
    expect(told(completed('pin_code', { action: 'unlock' }))).toBeNull();
    expect(told(completed('pin_code', { action: 'lock' }))).toMatchObject({ data: { method: 'keycode' } });
  });

  it('is distinguished from a repetition by its id, or else by its content and instant', () => {
    const at = '2026-06-01T12:00:00.000Z';
    const keys = [
      { kind: 'code-used', lockId: 'l', lockCodeId: 'L', at, id: 'r1' },
      { kind: 'code-used', lockId: 'l', lockCodeId: 'L', at },
      { kind: 'code-used', lockId: 'l', lockCodeId: 'M', at },
      { kind: 'incorrect-attempt', lockId: 'l', at },
      completed(null),
    ].map((report) => reportKeyOf(report as DoorReport));
    expect(new Set(keys).size).toBe(5);
    expect(keys).not.toContain(null);
    expect(reportKeyOf({ kind: 'incorrect-attempt', lockId: 'l', at: null })).toBeNull();
  });
});
