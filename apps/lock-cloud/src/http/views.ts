import { type SimulatedClock, iso, isoOrNull } from '../clock';
import { type Code, type CodeContent, type Lock, outOfReach } from '../model';

const shownContent = ({ name, code, starts_at, ends_at }: CodeContent) => ({
  name,
  code,
  starts_at: isoOrNull(starts_at),
  ends_at: isoOrNull(ends_at),
});

/** A lock as the maker's API shows it. `capabilities` and `bridge_online` are our additions to the guide. */
export function lockView(lock: Lock, clock: SimulatedClock) {
  const { abilities, faults } = lock;
  return {
    device_id: lock.lock_id,
    lock_id: lock.lock_id,
    name: lock.name,
    device_type: 'smart_lock',
    device_model: abilities.device_model,
    online: !outOfReach(faults),
    battery_level: faults.battery_level,
    signal_quality: outOfReach(faults) ? 0 : 90,
    location: { latitude: 48.2082, longitude: 16.3738 },
    timezone: abilities.timezone,
    bridge_id: null,
    bridge_online: !faults.bridge_offline,
    lock_state: lock.lock_state,
    door_state: 'closed',
    device_time: iso(clock.now() + faults.clock_drift_ms),
    updated_at: iso(lock.updated_at),
    capabilities: {
      native_scheduling: abilities.native_scheduling,
      supported_code_lengths: abilities.supported_code_lengths,
      code_constraints: abilities.code_constraints.map(({ pin_codes: _, ...shown }) => shown),
      max_active_codes: abilities.max_active_codes,
      time_step_minutes: abilities.time_step_minutes,
      one_time_codes: abilities.one_time_codes,
      can_remotely_lock: abilities.can_remotely_lock,
      can_remotely_unlock: abilities.can_remotely_unlock,
    },
  };
}

/** A code as it is on the lock, or, not there yet, as it will be. */
export function codeView(code: Code) {
  return {
    access_code_id: code.access_code_id,
    device_id: code.lock_id,
    ...shownContent(code),
    status: code.status,
    pending_update: code.planned !== null,
    pending_delete: code.deleting,
  };
}

/** The answer to a write: accepted, not performed yet. */
export function pendingView(code: Code) {
  return { ...codeView(code), ...shownContent(code.planned ?? code), status: 'pending' };
}

/** A lock as somebody sees it who stands before it. */
export function simulatedLockView(lock: Lock, codes: readonly Code[]) {
  return {
    lock_id: lock.lock_id,
    name: lock.name,
    online: !outOfReach(lock.faults),
    lock_state: lock.lock_state,
    codes: codes.map(simulatedCodeView),
    faults: lock.faults,
  };
}

export function simulatedCodeView(code: Code) {
  return { access_code_id: code.access_code_id, ...shownContent(code), status: code.status };
}
