import { changed, samePin, strangers } from './changes';
import { killed } from './crashes';
import type { Life } from './life';
import { broughtBack, fullOfCodes, hubAway, killedAtHub, lockDead, overwritten, stays } from './at-hub';
import { keepsWindow } from './own-clock';
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

/** The locks that they are played on, by their names. */
export const locksAtHub = ['Lobby', 'Gate', 'Studio', 'Hut', 'Cellar', 'Annex', 'Loft'] as const;
/** One that keeps windows by itself. */
export const lockWithClock = 'Porch';

/** Those of locks at a hub on this machine. */
export const livesAtHub: readonly Life[] = [
  stays,
  broughtBack,
  fullOfCodes,
  lockDead,
  hubAway,
  overwritten,
  killedAtHub,
];

/** Where the system has locks that keep windows. */
export const livesWithClock: readonly Life[] = [...livesAtHub, keepsWindow];
