import { keptPerDatabase } from '@latchkey/database';
import type { AccessCode } from '../domain/access-code';

/** A code as its view has it, and where it stands in the lists in which it can be found. */
export interface ViewedCode {
  readonly code: AccessCode;
  readonly live_at: number | null;
  readonly readable_at: number | null;
  readonly pool_at: number | null;
}

/** Codes by id, which an integration asks for again and again. */
export const keptCodes = keptPerDatabase<ViewedCode>(2_000);

/** The codes on a device that are not ours, by its id: each code that is not on its lock yet is compared with them. */
export const keptUnmanaged = keptPerDatabase<readonly AccessCode[]>(2_000);
