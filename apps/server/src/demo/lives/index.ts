import { changed, samePin, strangers } from './changes';
import { killed } from './crashes';
import type { Life } from './life';
import { accountLost, impossible, offline, refusing } from './troubles';
import { deletedEarly, justInTime, ongoing, preload } from './windows';

export const lives: readonly Life[] = [
  preload,
  justInTime,
  ongoing,
  deletedEarly,
  accountLost,
  offline,
  refusing,
  impossible,
  changed,
  samePin,
  strangers,
  killed,
];
