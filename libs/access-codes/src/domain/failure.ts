import type { Failure } from './access-code';
import type { CodeEventOf } from './events';

/** So many failures in a row are told as a failure; before, they are a delay at most. */
export const FAILURES_TO_TELL = 3;

/** What an attempt at the lock failed of. */
export function failureOf(
  of: Failure['of'],
  data: CodeEventOf<'ProgrammingFailed'>['data'],
  at: number,
): Failure {
  const { errorCode, message, kind } = data;
  return {
    of,
    at,
    errorCode,
    message,
    kind,
    retryAt: data.retryAt === null ? null : Date.parse(data.retryAt),
  };
}
