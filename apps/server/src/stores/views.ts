import { AttemptsProjection, CodesProjection } from '@latchkey/access-codes';
import { DevicesProjection } from '@latchkey/devices';
import type { Projection } from '@latchkey/event-sourcing';
import { ErasuresProjection, FinishedProjection } from '@latchkey/retention';

/**
 * The views that queries read, beside the agenda and the feed.
 * @param onErasure told when names of codes are to be erased
 */
export const viewsOfQueries = (onErasure?: () => void): Projection[] => [
  new DevicesProjection(),
  new CodesProjection(),
  new AttemptsProjection(),
  new FinishedProjection(),
  new ErasuresProjection(onErasure),
];
