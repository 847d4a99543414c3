import type { Failure } from './access-code';
import type { CodeEventOf } from './events';

/** From how many failures in a row on a code counts as failed; before, it is delayed at most. */
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
