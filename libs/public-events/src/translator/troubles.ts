import { type AccessCode, codeErrors, codeWarnings, standingOf } from '@latchkey/access-codes';
import { accountErrors, accountWarnings, deviceErrors, deviceWarnings } from '@latchkey/devices';
import type { Draft } from '../public-event';
import type { Around, CodeStep } from './code-step';

const ISSUES: readonly (readonly [(code: AccessCode) => number | null, string])[] = [
  [({ trouble }) => trouble.settingDelayedAt, 'access_code.delay_in_setting_on_device'],
  [({ trouble }) => trouble.failedToSetAt, 'access_code.failed_to_set_on_device'],
  [
    ({ life }) => (life.phase === 'ending' ? life.delayedAt : null),
    'access_code.delay_in_removing_from_device',
  ],
  [({ trouble }) => trouble.failedToRemoveAt, 'access_code.failed_to_remove_from_device'],
];

/** Each trouble once, when it begins. */
export function becameTrue({ event, before, after }: CodeStep, around: Around): Draft[] {
  return ISSUES.filter(([since]) => since(after) !== null && (before === null || since(before) === null)).map(
    ([, type]) => ({ type, body: issues(after, around, event.at) }),
  );
}

/** What is wrong with a code and around it, as events tell it. */
export function issues(code: AccessCode, around: Around, now: number): Record<string, unknown> {
  const { device, account } = around;
  const standing = standingOf(code, { ...around, now });
  const noPins = { wanted: null, onLock: null };
  return {
    access_code_errors: codeErrors(code, standing, { device: null, account: null }, noPins),
    access_code_warnings: codeWarnings(code, standing, noPins),
    device_errors: deviceErrors(device, account),
    device_warnings: deviceWarnings(device),
    connected_account_errors: accountErrors(account),
    connected_account_warnings: accountWarnings(account),
  };
}
