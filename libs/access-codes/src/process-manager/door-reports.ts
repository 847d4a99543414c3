import type { ActionAttempt, Device, DoorEvent, DoorMethod } from '@latchkey/devices';
import type { LockReport } from '@latchkey/gateways';

/** What a lock reports of its door. */
export type DoorReport = Extract<
  LockReport,
  { kind: 'code-used' | 'incorrect-attempt' | 'tampered' | 'jammed' | 'action-completed' }
>;

const METHODS: Readonly<Record<string, DoorMethod>> = {
  pin_code: 'keycode',
  mobile_app: 'remote',
  remote_api: 'remote',
  bluetooth_key: 'remote',
  fob_card: 'card',
  manual_turn: 'manual',
};

/**
 * What a report means for a device's door; null where nothing is certain.
 * @param codeId the code of ours that was used
 * @param attempt what we were asked to do, where the report answers that
 */
export function doorEventOf(
  report: DoorReport,
  device: Device,
  { codeId, attempt, reportKey }: { codeId: string | null; attempt: ActionAttempt | null; reportKey: string },
): DoorEvent | null {
  const { deviceId, accountId, workspaceId } = device;
  const where = { deviceId, accountId, workspaceId, reportKey };
  switch (report.kind) {
    case 'incorrect-attempt':
      return { type: 'AccessDenied', data: where };
    case 'tampered':
      return { type: 'LockTampered', data: where };
    case 'jammed':
      return { type: 'LockJammed', data: where };
    case 'code-used': {
      const how = { method: 'keycode', codeId, actionAttemptId: null, viaBluetooth: false } as const;
      return { type: 'DoorUnlocked', data: { ...where, ...how } };
    }
    case 'action-completed': {
      const action = attempt?.deviceId === deviceId ? attempt.action : report.action;
      if (!report.success || (action !== 'lock' && action !== 'unlock')) return null;
      // The use of a code has a report of its own, which names it.
      if (action === 'unlock' && report.performedVia === 'pin_code') return null;
      const ours = attempt?.deviceId === deviceId;
      const how = {
        method: ours ? ('remote' as const) : (METHODS[report.performedVia ?? ''] ?? 'unknown'),
        codeId: null,
        actionAttemptId: ours ? attempt.actionAttemptId : null,
        viaBluetooth: report.performedVia === 'bluetooth_key',
      };
      return { type: action === 'lock' ? 'DoorLocked' : 'DoorUnlocked', data: { ...where, ...how } };
    }
  }
}

/**
 * Two reports with one key are one report that came twice. Without an id from the maker, content and instant are the
 * key; null where even these are missing.
 */
export function reportKeyOf(report: DoorReport): string | null {
  if (report.id !== undefined) return `report/${report.id}`;
  switch (report.kind) {
    case 'action-completed':
      return report.actionId === null ? null : `action/${report.actionId}`;
    case 'code-used':
      return report.at === null ? null : `used/${report.lockCodeId ?? ''}/${report.at}`;
    case 'incorrect-attempt':
      return report.at === null ? null : `denied/${report.at}`;
    case 'tampered':
    case 'jammed':
      return report.at === null ? null : `${report.kind}/${report.at}`;
  }
}
