/** Seam's names for what a lock asks of a code (its reference: seam-api.md). */
export const constraintTypes = [
  'no_zeros',
  'cannot_start_with_12',
  'no_triple_consecutive_ints',
  'cannot_specify_pin_code',
  'pin_code_matches_existing_set',
  'start_date_in_future',
  'no_ascending_or_descending_sequence',
  'at_least_three_unique_digits',
  'cannot_contain_089',
  'cannot_contain_0789',
  'unique_first_four_digits',
  'no_all_same_digits',
  'name_length',
  'name_must_be_unique',
] as const;

export interface CodeConstraint {
  constraint_type: (typeof constraintTypes)[number];
  /** For name_length, in characters. */
  min_length?: number | undefined;
  max_length?: number | undefined;
  /** For pin_code_matches_existing_set: the set. Left out, every PIN is in it. Never shown to anybody. */
  pin_codes?: string[] | undefined;
}

/** What the lock can do and asks for; it does not change during the lock's life. */
export interface Abilities {
  native_scheduling: boolean;
  supported_code_lengths: number[];
  code_constraints: CodeConstraint[];
  max_active_codes: number;
  /** Starting and ending times lie on multiples of so many minutes from midnight at the lock; 1 or left out: on any. */
  time_step_minutes?: number;
  /** Whether it takes codes that open the door once and are forgotten. */
  one_time_codes?: boolean;
  /** What the lock makes of names by itself: it keeps so many characters of them, or writes them in capitals. */
  name_characters?: number;
  capital_names?: boolean;
  can_remotely_lock: boolean;
  can_remotely_unlock: boolean;
  timezone: string;
  device_model: string;
}

/** What is wrong with the lock at the moment. The counters (`…_answers`, `…_webhooks`) count down to 0. */
export interface Faults {
  offline: boolean;
  /** The hub that the lock talks through is offline, and the lock with it. */
  bridge_offline: boolean;
  latency_ms: number;
  /** Writes are refused at once with this error code. */
  refuse: string | null;
  /** Operations are accepted and then reported as failed with this error code. */
  fail: string | null;
  lose_answers: number;
  lose_webhooks: number;
  repeat_webhooks: number;
  delay_webhooks_ms: number;
  clock_drift_ms: number;
  /** Per cent. */
  battery_level: number;
  ignore_schedule: boolean;
  /** One write in so many, drawn by the lock's own random numbers, is refused as busy or loses its answer; 0: none. */
  flaky_one_in: number;
}

export const noFaults: Faults = {
  offline: false,
  bridge_offline: false,
  latency_ms: 0,
  refuse: null,
  fail: null,
  lose_answers: 0,
  lose_webhooks: 0,
  repeat_webhooks: 0,
  delay_webhooks_ms: 0,
  clock_drift_ms: 0,
  battery_level: 87,
  ignore_schedule: false,
  flaky_one_in: 0,
};

/** Nobody gets through to the lock. */
export const outOfReach = ({ offline, bridge_offline }: Faults): boolean => offline || bridge_offline;

export interface Lock {
  readonly seq: number;
  readonly lock_id: string;
  readonly account_id: string;
  readonly name: string;
  readonly abilities: Abilities;
  readonly faults: Faults;
  readonly lock_state: 'locked' | 'unlocked';
  /** State of the lock's own random numbers. */
  readonly random_state: number;
  readonly updated_at: number;
}

/** Instants in ms; null: no limit on that side. */
export interface CodeContent {
  readonly name: string;
  readonly code: string;
  readonly starts_at: number | null;
  readonly ends_at: number | null;
}

export interface Code extends CodeContent {
  readonly seq: number;
  readonly access_code_id: string;
  readonly lock_id: string;
  /** pending: accepted, but not on the lock yet. */
  readonly status: 'pending' | 'active';
  /** The content once all pending changes are performed; null if there are none. */
  readonly planned: CodeContent | null;
  /** A removal is on its way to the lock. */
  readonly deleting: boolean;
  /** It opens the door once and is forgotten. */
  readonly one_time: boolean;
}

export type Operation =
  | { kind: 'create'; lock_id: string; subject_id: string }
  | { kind: 'update'; lock_id: string; subject_id: string; change: Partial<CodeContent> }
  | { kind: 'delete'; lock_id: string; subject_id: string }
  | {
      kind: 'action';
      lock_id: string;
      subject_id: string;
      action: 'lock' | 'unlock';
      custom_id: string | null;
    };

export const eventTypes = [
  'device.added',
  'device.removed',
  'device.online',
  'device.offline',
  'device.low_battery',
  'device.time_wrong',
  'bridge.offline',
  'lock.action_completed',
  'access_code.created',
  'access_code.updated',
  'access_code.deleted',
  'access_code.used',
  'access_code.incorrect_attempt',
] as const;

export type EventType = (typeof eventTypes)[number];

export interface LockEvent {
  event_type: EventType;
  device_id: string;
  [field: string]: string | null | undefined;
}
