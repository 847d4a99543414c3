export type BatteryStatus = 'critical' | 'low' | 'good' | 'full';

const CRITICAL_BATTERY = 0.1;
/** Below this a battery counts as low. */
export const LOW_BATTERY = 0.2;
const FULL_BATTERY = 0.95;

/** @param level 0 to 1 */
export function batteryStatusOf(level: number): BatteryStatus {
  if (level < CRITICAL_BATTERY) return 'critical';
  if (level < LOW_BATTERY) return 'low';
  return level < FULL_BATTERY ? 'good' : 'full';
}
