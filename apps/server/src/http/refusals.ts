import type { CodeRefusal } from '@latchkey/access-codes';
import type { DeviceRefusal } from '@latchkey/devices';
import type { Refusal } from '@latchkey/event-sourcing';
import { ApiError } from '@latchkey/platform';
import type { StreamRefusal, SubscriptionRefusal, WebhookRefusal } from '@latchkey/public-events';

/** The API's word for each of the domain's refusals. */
const TYPES: Readonly<
  Record<CodeRefusal | DeviceRefusal | WebhookRefusal | StreamRefusal | SubscriptionRefusal, string>
> = {
  'being-removed': 'access_code_being_removed',
  'not-gone': 'access_code_not_removed',
  'not-set-on-device': 'access_code_not_set_on_device',
  'not-time-bound': 'access_code_not_time_bound',
  'pin-not-readable': 'access_code_not_readable',
  'no-backup-available': 'backup_access_code_not_available',
  'pin-taken': 'duplicate_access_code',
  'no-pin-free': 'no_code_available',
  'not-to-be-shared': 'code_cannot_be_shared',
  'common-code-key-in-use': 'common_code_key_in_use',
  'action-not-supported': 'action_not_supported',
  disabled: 'webhook_disabled',
  'too-many': 'too_many_webhooks',
  'too-many-streams': 'too_many_streams',
  'subscription-exists': 'subscription_exists',
  'too-many-subscriptions': 'too_many_subscriptions',
  'too-many-parked-events': 'too_many_parked_events',
  'subscriptions-not-permitted': 'subscriptions_not_permitted',
  'logins-not-managed': 'logins_not_managed',
};

/** Properties that the API does not call what the domain does. */
const PARAMETERS: Readonly<Record<string, string>> = { usesBackupPool: 'use_backup_access_code_pool' };

/** A refusal of the domain as the API tells it: 404, 400 or 409. */
export function refusalInApiTerms({ reason, message }: Refusal): ApiError {
  switch (reason.kind) {
    case 'absent':
      return ApiError.notFound(reason.what.replaceAll(' ', '_'), reason.detail);
    case 'invalid': {
      const fields = Object.entries(reason.wrong).map(([name, errors]) => [parameterOf(name), errors]);
      return ApiError.invalidInput(message, Object.fromEntries(fields) as typeof reason.wrong);
    }
    case 'untimely':
      return ApiError.badRequest(typeOf(reason.why), message);
    case 'conflict': {
      const data = {
        ...(reason.by === undefined ? {} : { access_code_id: reason.by }),
        ...(reason.deviceId === undefined ? {} : { device_id: reason.deviceId }),
      };
      return ApiError.conflict(typeOf(reason.why), message, Object.keys(data).length > 0 ? data : undefined);
    }
  }
}

const typeOf = (why: string): string =>
  (TYPES as Readonly<Record<string, string>>)[why] ?? why.replaceAll('-', '_');

const parameterOf = (name: string): string =>
  PARAMETERS[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
