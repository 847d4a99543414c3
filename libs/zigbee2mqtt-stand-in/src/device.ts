import { OPERATIONS, PROGRAMMINGS, SOURCES, statusOf } from './words';
import { type LockEvent, SimulatedLock } from './simulated-lock';

export interface LockPlan {
  readonly name: string;
  /** Drawn if left out. */
  readonly ieeeAddress?: string;
  readonly users?: number;
  readonly lengths?: readonly number[];
  /** Zigbee2MQTT's option: shows the digits of codes that are read. */
  readonly exposePin?: boolean;
  /** It listens only now and then, and says so: what it misses is kept for it. */
  readonly sleeps?: boolean;
}

type State = Record<string, unknown>;

/** A paired lock, as Zigbee2MQTT sees it: its options, and the state that it remembers. */
export class Device {
  readonly lock: SimulatedLock;
  readonly users: number;
  readonly sleeps: boolean;
  name: string;
  filteredCache: readonly string[] = [];
  available = true;
  private readonly kept: (() => void)[] = [];
  private remembered: State = {};
  private readonly exposePin: boolean;

  constructor(
    readonly ieeeAddress: string,
    plan: LockPlan,
    private readonly publish: (device: Device, state: State) => void,
  ) {
    this.name = plan.name;
    this.users = plan.users ?? 30;
    this.sleeps = plan.sleeps ?? false;
    this.exposePin = plan.exposePin ?? false;
    this.lock = new SimulatedLock({ users: this.users, lengths: plan.lengths ?? [4, 5, 6, 7, 8] }, (event) =>
      this.event(event),
    );
  }

  /** Resolves when the lock is heard of again. */
  untilAwake(): Promise<void> {
    return new Promise((resolve) => this.kept.push(resolve));
  }

  /** Its batteries are changed: it speaks, and gets what was kept for it. */
  awake(): void {
    this.lock.faults.dead = false;
    this.readState();
    for (const resolve of this.kept.splice(0)) resolve();
  }

  /** The answer to a reading, as the radio brings it. */
  readPin(slot: number): void {
    const { status, pin } = this.lock.get(slot);
    const user = { status: statusOf(status), ...(this.exposePin && pin !== '' ? { pin_code: pin } : {}) };
    this.tell({ users: { [slot]: user } });
  }

  readState(): void {
    const jammed = this.lock.faults.jammed;
    this.tell({
      state: this.lock.locked ? 'LOCK' : 'UNLOCK',
      lock_state: jammed ? 'not_fully_locked' : this.lock.locked ? 'locked' : 'unlocked',
    });
  }

  /** A report of its battery, which has nothing to do with anything. */
  reportBattery(): void {
    this.tell({ battery: this.lock.battery / 2 });
  }

  /** Its cover is off, or on again. */
  reportTamper(tamper: boolean): void {
    this.tell({ tamper });
  }

  /** What Zigbee2MQTT publishes on any occasion: all that it remembers, and what is new. */
  private tell(update: State): void {
    const message = merged(this.remembered, update);
    this.remembered = Object.fromEntries(
      Object.entries(message).filter(
        ([key]) =>
          !/^action(_.*)?$/.test(key) && !this.filteredCache.some((left) => RegExp(`^${left}$`).test(key)),
      ),
    );
    this.publish(this, { ...message, linkquality: 120 });
  }

  private event(event: LockEvent): void {
    if (event.kind === 'state') {
      this.readState();
      return;
    }
    const words = event.kind === 'operation' ? OPERATIONS : PROGRAMMINGS;
    this.tell({
      action: words[event.code],
      action_user: event.user,
      action_source: event.source,
      action_source_name: SOURCES[event.source],
    });
  }

  /** Its entry in `bridge/devices`, as a Yale YRD426 has it. */
  describe(): State {
    return {
      ieee_address: this.ieeeAddress,
      type: 'EndDevice',
      network_address: 6757,
      supported: true,
      friendly_name: this.name,
      disabled: false,
      power_source: 'Battery',
      model_id: 'YRD446 BLE TSDB',
      manufacturer: 'Yale',
      interviewing: false,
      interview_completed: true,
      interview_state: 'SUCCESSFUL',
      definition: {
        source: 'native',
        model: 'YRD426NRSC',
        vendor: 'Yale',
        description: 'Assure lock',
        exposes: EXPOSES,
        supports_ota: false,
        options: [{ name: 'expose_pin', property: 'expose_pin', type: 'binary' }],
      },
      endpoints: {},
    };
  }
}

/** Objects are merged to any depth, as Zigbee2MQTT does it. */
function merged(into: State, from: State): State {
  const result: State = { ...into };
  for (const [key, value] of Object.entries(from)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

const isObject = (value: unknown): value is State =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const EXPOSES = [
  {
    type: 'lock',
    features: [
      {
        ...{ type: 'binary', name: 'state', label: 'State', property: 'state', access: 7 },
        ...{ value_on: 'LOCK', value_off: 'UNLOCK' },
      },
      {
        ...{ type: 'enum', name: 'lock_state', label: 'Lock state', property: 'lock_state', access: 1 },
        values: ['not_fully_locked', 'locked', 'unlocked'],
      },
    ],
  },
  { type: 'numeric', name: 'battery', label: 'Battery', property: 'battery', access: 1, unit: '%' },
  {
    ...{ type: 'composite', name: 'pin_code', label: 'PIN code', property: 'pin_code', access: 7 },
    features: [
      { type: 'numeric', name: 'user', label: 'User', property: 'user', access: 2 },
      {
        ...{ type: 'enum', name: 'user_type', label: 'User type', property: 'user_type', access: 2 },
        values: ['unrestricted', 'year_day_schedule', 'week_day_schedule', 'master', 'non_access'],
      },
      {
        ...{
          type: 'binary',
          name: 'user_enabled',
          label: 'User enabled',
          property: 'user_enabled',
          access: 2,
        },
        ...{ value_on: true, value_off: false },
      },
      { type: 'numeric', name: 'pin_code', label: 'PIN code', property: 'pin_code', access: 2 },
    ],
  },
  { type: 'enum', name: 'action', label: 'Action', property: 'action', access: 1, values: [...OPERATIONS] },
  {
    ...{ type: 'enum', name: 'action_source_name', property: 'action_source_name', access: 1 },
    values: ['keypad', 'rfid', 'manual', 'rf'],
  },
  { type: 'numeric', name: 'action_user', label: 'Action user', property: 'action_user', access: 1 },
];
