/** Lengths of time in ms, the unit of all our instants. A day always has 24 hours: instants are UTC. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
