import { MINUTE } from '@latchkey/platform';
import { AsyncLocalStorage } from 'node:async_hooks';

/** How long a statement may take, ms: less than a client waits for its answer. */
export const STATEMENT_WITHIN_MS = 5_000;
/** How long a statement that rearranges tables may take, or wait for another instance that does, ms. */
const PATIENT_MS = 30 * MINUTE;

const patience = new AsyncLocalStorage<number>();

let underWay = 0;

/** Lets the statements that `work` runs take half an hour each: for what happens once, at a start. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  underWay++;
  try {
    return await patience.run(PATIENT_MS, work);
  } finally {
    // While a storage is in use, Node follows every promise of the process: an await costs several times as much.
    if (--underWay === 0) patience.disable();
  }
}

/** How long the statement that is about to be run may take, ms. */
export const statementWithin = (): number => patience.getStore() ?? STATEMENT_WITHIN_MS;

export const isPatient = (): boolean => patience.getStore() !== undefined;
