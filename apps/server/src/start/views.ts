import { AttemptsProjection, CodesProjection } from '@latchkey/access-codes';
import { DevicesProjection } from '@latchkey/devices';
import type { Projection } from '@latchkey/event-sourcing';
import { FinishedProjection } from '@latchkey/retention';

/** The views that queries read, beside the agenda and the feed. */
export const viewsOfQueries = (): Projection[] => [
  new DevicesProjection(),
  new CodesProjection(),
  new AttemptsProjection(),
  new FinishedProjection(),
];
