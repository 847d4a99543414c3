import { Refusal } from '@latchkey/event-sourcing';

/** Why what is asked of an access code is refused for now. */
export type CodeRefusal =
  | 'being-removed'
  | 'not-gone'
  | 'not-set-on-device'
  | 'not-time-bound'
  | 'pin-not-readable'
  | 'no-backup-available'
  | 'pin-taken'
  | 'no-pin-free'
  | 'not-to-be-shared'
  | 'common-code-key-in-use';

export const absent = (): Refusal => Refusal.absent('access code');

export const beingRemoved = (
  message = 'The access code is being removed and can no longer be changed.',
): Refusal => Refusal.untimely<CodeRefusal>('being-removed', message);

export const notGone = (): Refusal =>
  Refusal.untimely<CodeRefusal>(
    'not-gone',
    'The access code may still open a door: delete it first, and wait until it is removed from its lock.',
  );
