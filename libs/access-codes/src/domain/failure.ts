import type { Failure } from './access-code';
import type { CodeEventOf } from './events';

/** After this many failures in a row a code counts as failed; before that, as delayed at most. */
export const FAILURES_TO_TELL = 3;

/** Why an attempt at the lock failed. */
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
