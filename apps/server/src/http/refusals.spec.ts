import { Refusal } from '@latchkey/event-sourcing';
import { PinTaken } from '@latchkey/access-codes';
import { refusalInApiTerms } from './refusals';

describe('a refusal of the domain, as the API tells it', () => {
  const told = (refusal: Refusal) => {
    const error = refusalInApiTerms(refusal);
    return { status: error.status, ...error.toBody().error };
  };

  it('is a 404 for what is not there', () => {
    expect(told(Refusal.absent('connected account'))).toEqual({
      status: 404,
      type: 'connected_account_not_found',
      message: 'No such connected account.',
    });
  });

  it('is a 400 that names the parameters as the API does', () => {
    const wrong = { endsAt: 'is over', usesBackupPool: ['a', 'b'], code: 'too short' };
    expect(told(Refusal.invalid('No.', wrong))).toEqual({
      status: 400,
      type: 'invalid_input',
      message: 'No.',
      validation_errors: {
        ends_at: { _errors: ['is over'] },
        use_backup_access_code_pool: { _errors: ['a', 'b'] },
        code: { _errors: ['too short'] },
      },
    });
  });

  it.each([
    ['being-removed', 'access_code_being_removed'],
    ['not-set-on-device', 'access_code_not_set_on_device'],
    ['not-time-bound', 'access_code_not_time_bound'],
    ['no-backup-available', 'backup_access_code_not_available'],
    ['action-not-supported', 'action_not_supported'],
    ['disabled', 'webhook_disabled'],
    ['too-many', 'too_many_webhooks'],
  ])('is a 400 for what makes no sense as things stand: %s', (why, type) => {
    expect(told(Refusal.untimely(why, 'No.'))).toEqual({ status: 400, type, message: 'No.' });
  });

  it('is a 409 that says which other code has the PIN', () => {
    expect(told(new PinTaken('11111111-1111-4111-8111-111111111111'))).toEqual({
      status: 409,
      type: 'duplicate_access_code',
      message: 'Another access code on this device has the same code in an overlapping period.',
      data: { access_code_id: '11111111-1111-4111-8111-111111111111' },
    });
    expect(told(Refusal.conflict('no-pin-free', 'No.'))).toEqual({
      status: 409,
      type: 'no_code_available',
      message: 'No.',
    });
  });
});
