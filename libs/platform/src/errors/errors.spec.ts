import { ApiError } from './api-error';
import { StartupError } from './startup-error';

describe('an API error', () => {
  it("has the API's error body", () => {
    const error = ApiError.invalidInput('Two parameters are wrong.', {
      starts_at: ['must be an instant'],
      code: 'must be 4 to 8 digits',
    });

    expect(error.status).toBe(400);
    expect(error.toBody()).toEqual({
      error: {
        type: 'invalid_input',
        message: 'Two parameters are wrong.',
        validation_errors: {
          starts_at: { _errors: ['must be an instant'] },
          code: { _errors: ['must be 4 to 8 digits'] },
        },
      },
      ok: false,
    });
  });

  it('takes any parameter name', () => {
    const { validation_errors: errors } = ApiError.invalidInput(
      'No.',
      JSON.parse('{"__proto__":"unknown"}'),
    ).extra;

    expect(JSON.stringify(errors)).toBe('{"__proto__":{"_errors":["unknown"]}}');
  });

  it.each([
    [ApiError.unauthorized(), 401, 'unauthorized'],
    [ApiError.notFound('access_code'), 404, 'access_code_not_found'],
    [ApiError.methodNotAllowed(), 405, 'method_not_allowed'],
    [ApiError.conflict('duplicate_access_code', 'Taken.'), 409, 'duplicate_access_code'],
    [ApiError.badRequest('access_code_not_time_bound', 'It has no end.'), 400, 'access_code_not_time_bound'],
    [ApiError.tooManyRequests(7), 429, 'too_many_requests'],
    [ApiError.unavailable('The event store does not answer.'), 503, 'service_unavailable'],
  ])('%s', (error, status, type) => {
    expect([error.status, error.type, error.toBody().error.type]).toEqual([status, type, type]);
    expect(error.toBody().error).not.toHaveProperty('data');
  });

  it('carries data and when to try again', () => {
    expect(ApiError.conflict('taken', 'Taken.', { by: 'x' }).toBody().error).toEqual({
      type: 'taken',
      message: 'Taken.',
      data: { by: 'x' },
    });
    expect(ApiError.tooManyRequests(7).extra.retryAfterSeconds).toBe(7);
  });
});

describe('a startup error', () => {
  it('is one line', () => {
    expect(new StartupError('  It is\n  not there. ').message).toBe('It is not there.');
  });
});
