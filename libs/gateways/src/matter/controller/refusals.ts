import type { Refusal } from '../../lock-gateway';

export const refused = (errorCode: string, message: string): Refusal => ({
  kind: 'refused',
  errorCode,
  message,
});

export const notThere = (what: string): Refusal => refused('NOT_FOUND', `the lock does not have ${what}`);
