import type { AccessCode, CodeEvent, LeadTimes } from '@latchkey/access-codes';
import type { Account, Device } from '@latchkey/devices';
import type { Happened } from '@latchkey/event-sourcing';

/** What a code is shown with. */
export interface Around {
  readonly device: Device | null;
  readonly account: Account | null;
  readonly settings: LeadTimes;
}

/** One event of a code, and the code before and after it. */
export interface CodeStep {
  readonly event: Happened<CodeEvent>;
  readonly before: AccessCode | null;
  readonly after: AccessCode;
}
