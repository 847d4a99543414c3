import { connectAsync, type MqttClient } from 'mqtt';
import { Socket } from 'node:net';
import { Device, type LockPlan } from './device';

export interface StandInOptions {
  /** Of the broker, such as `mqtt://127.0.0.1:1883`. */
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
  readonly baseTopic?: string;
  /** Certificates (PEM) to trust. */
  readonly ca?: string;
  /** How long it waits for a lock; ms. Zigbee2MQTT waits for 10 s. */
  readonly timeoutMs?: number;
  /** Its setting `availability`: off as Zigbee2MQTT ships. */
  readonly availability?: boolean;
  /** Its setting `advanced.output`. */
  readonly output?: 'json' | 'attribute';
  /** Whether it takes changes of devices' options. */
  readonly takesOptions?: boolean;
}

/**
 * A stand-in for Zigbee2MQTT 2 with simulated locks: it says on MQTT what the real one says, and is as silent as that
 * is. Success of a write is not told, refusal neither; what times out is told in its log, with the PIN.
 */
export class Zigbee2MqttStandIn {
  readonly devices = new Map<string, Device>();
  private client: MqttClient | undefined;
  private lastLine = '';
  private onAir = 0;
  private drawn = 0;
  private sequence = 0;

  constructor(private readonly options: StandInOptions) {}

  get baseTopic(): string {
    return this.options.baseTopic ?? 'zigbee2mqtt';
  }

  /** Whether it waits for a lock. */
  get isBusy(): boolean {
    return this.onAir > 0;
  }

  async start(): Promise<void> {
    const { address, username, password, ca } = this.options;
    this.client = await connectAsync(address, {
      ...(ca === undefined ? {} : { ca }),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      reconnectPeriod: 100,
      will: {
        topic: `${this.baseTopic}/bridge/state`,
        payload: Buffer.from('{"state":"offline"}'),
        retain: true,
        qos: 1,
      },
    });
    if (this.client.stream instanceof Socket) this.client.stream.setNoDelay(true);
    this.client.on('message', (topic, payload) => void this.take(topic, payload.toString()));
    this.client.on('error', () => undefined);
    const greet = async (): Promise<void> => {
      await this.publish('bridge/state', { state: 'online' }, true);
      await this.client?.subscribeAsync(`${this.baseTopic}/#`);
    };
    await greet();
    await this.tellAll();
    // The real one says again what the broker should keep, in case it keeps nothing over a restart.
    this.client.on('connect', () => void greet().then(() => this.tellAll()));
  }

  /** Ends as when it is stopped in order. */
  async stop(): Promise<void> {
    await this.publish('bridge/state', { state: 'offline' }, true);
    await this.client?.endAsync();
    this.client = undefined;
  }

  /** Ends as when it is killed: the broker tells of it. */
  crash(): void {
    this.client?.stream.destroy();
    this.client?.end(true);
    this.client = undefined;
  }

  async pair(plan: LockPlan): Promise<Device> {
    const ieeeAddress =
      plan.ieeeAddress ?? `0x${(0x00158d0000000000n + BigInt(++this.drawn)).toString(16).padStart(16, '0')}`;
    const device = new Device(ieeeAddress, plan, (of, state) => void this.publish(of.name, state));
    this.devices.set(ieeeAddress, device);
    await this.tellDevices();
    await this.tellAvailability(device);
    return device;
  }

  async unpair(device: Device): Promise<void> {
    this.devices.delete(device.ieeeAddress);
    await this.tellDevices();
  }

  async rename(device: Device, name: string): Promise<void> {
    await this.client?.publishAsync(`${this.baseTopic}/${device.name}/availability`, '', { retain: true });
    device.name = name;
    await this.tellDevices();
    await this.tellAvailability(device);
  }

  async setAvailable(device: Device, available: boolean): Promise<void> {
    device.available = available;
    await this.tellAvailability(device);
  }

  private async take(topic: string, text: string): Promise<void> {
    const path = topic.slice(this.baseTopic.length + 1);
    if (path === 'bridge/request/device/options') {
      await this.changeOptions(text);
      return;
    }
    if (path === 'bridge/request/health_check') return this.tellHealth(text);
    const match = /^(.+)\/(set|get)$/.exec(path);
    if (!match || path.startsWith('bridge/')) return;
    const [, name, request] = match as unknown as [string, string, 'set' | 'get'];
    const device = this.devices.get(name) ?? [...this.devices.values()].find((each) => each.name === name);
    if (!device) {
      this.log('error', `Entity '${name}' is unknown`);
      return;
    }
    const message = JSON.parse(text) as Record<string, unknown>;
    for (const [key, value] of Object.entries(message)) {
      try {
        await this.convert(device, request, key, value);
      } catch (error) {
        this.log('error', `Publish '${request}' '${key}' to '${device.name}' failed: '${String(error)}'`);
      }
    }
  }

  private async convert(device: Device, request: 'set' | 'get', key: string, value: unknown): Promise<void> {
    const { lock } = device;
    if (key === 'state' && request === 'get') {
      await this.radio(device, 'read', ['lockState']);
      return device.readState();
    }
    if (key === 'state') {
      const verb = String(value).toUpperCase();
      if (verb !== 'LOCK' && verb !== 'UNLOCK') throw new Error(`Value '${verb}' is not allowed`);
      await this.radio(device, `${verb.toLowerCase()}Door`, { pincodevalue: { type: 'Buffer', data: [] } });
      return lock.turn(verb === 'LOCK');
    }
    if (key !== 'pin_code') {
      return this.log(
        'error',
        `No converter available for '${key}' on '${device.name}': (${JSON.stringify(value)})`,
      );
    }
    const { user, pin_code, user_enabled } = value as PinCode;
    if (user >= device.users) {
      throw new Error(
        request === 'set' ? 'user must be in range for device' : 'userId must be in range for device',
      );
    }
    if (request === 'get') {
      await this.radio(device, 'getPinCode', { userid: user });
      return device.readPin(user);
    }
    if (pin_code == null) {
      await this.radio(device, 'clearPinCode', { userid: user });
      lock.clear(user);
      return;
    }
    const enabled = user_enabled !== false;
    const pincodevalue = String(pin_code);
    await this.radio(device, 'setPinCode', {
      ...{ userid: user, userstatus: enabled ? 1 : 3, usertype: 0, pincodevalue },
    });
    lock.set(user, pincodevalue, enabled);
  }

  /** Waits for as long as the radio takes. @throws as zigbee-herdsman does when the lock does not answer */
  private async radio(device: Device, command: string, payload: object): Promise<void> {
    const { timeoutMs = 10_000 } = this.options;
    const sequence = (this.sequence = (this.sequence + 1) % 256);
    const { faults } = device.lock;
    this.onAir++;
    await pause(faults.dead ? timeoutMs : faults.latencyMs);
    this.onAir--;
    if (!faults.dead) return;
    // What a lock that sleeps does not answer is kept for it, without a word, until it is heard of again.
    if (device.sleeps) return device.untilAwake();
    const options = '{"timeout":10000,"disableResponse":false,"disableRecovery":false,"direction":0}';
    throw new Error(
      `ZCL command ${device.ieeeAddress}/1 closuresDoorLock.${command}(${JSON.stringify(payload)}, ${options}) ` +
        `failed (Timeout after ${timeoutMs}ms [address=6757 endpoint=1 clusterId=257 cmdId=6 tsn=${sequence}])`,
    );
  }

  /** At once, whatever else it is about. */
  private tellHealth(text: string): Promise<void> {
    const { transaction } = JSON.parse(text) as { transaction?: string };
    return this.publish('bridge/response/health_check', {
      ...{ data: { healthy: true }, status: 'ok' },
      ...(transaction === undefined ? {} : { transaction }),
    });
  }

  private async changeOptions(text: string): Promise<void> {
    const { id, options, transaction } = JSON.parse(text) as {
      id: string;
      options: { filtered_cache?: string[] };
      transaction?: string;
    };
    const device = this.devices.get(id);
    const answer = { ...(transaction === undefined ? {} : { transaction }) };
    if (!device || this.options.takesOptions === false) {
      const error = `Device '${id}' does not exist`;
      this.log(
        'error',
        `Request '${this.baseTopic}/bridge/request/device/options' failed with error: '${error}'`,
      );
      return this.publish('bridge/response/device/options', { data: {}, status: 'error', error, ...answer });
    }
    device.filteredCache = options.filtered_cache ?? device.filteredCache;
    await this.tellInfo();
    this.log('info', `Successfully changed config for device ${id}`);
    return this.publish('bridge/response/device/options', {
      data: { id, to: options },
      status: 'ok',
      ...answer,
    });
  }

  private async tellAll(): Promise<void> {
    await this.tellInfo();
    await this.tellDevices();
    for (const device of this.devices.values()) await this.tellAvailability(device);
  }

  private tellInfo(): Promise<void> {
    const devices = [...this.devices.values()].map(({ ieeeAddress, name, filteredCache }) => [
      ieeeAddress,
      { friendly_name: name, ...(filteredCache.length > 0 ? { filtered_cache: filteredCache } : {}) },
    ]);
    return this.publish(
      'bridge/info',
      {
        version: '2.14.1',
        coordinator: { ieee_address: '0x00124b0000000001', type: 'zStack3x0', meta: {} },
        network: { pan_id: 6754, extended_pan_id: '0xdddddddddddddddd', channel: 11 },
        log_level: 'info',
        permit_join: false,
        restart_required: false,
        config: {
          advanced: { output: this.options.output ?? 'json', cache_state: true },
          availability: { enabled: this.options.availability ?? false },
          device_options: {},
          devices: Object.fromEntries(devices) as unknown,
        },
      },
      true,
    );
  }

  private tellDevices(): Promise<void> {
    const coordinator = {
      ...{ ieee_address: '0x00124b0000000001', type: 'Coordinator', network_address: 0, supported: true },
      ...{ friendly_name: 'Coordinator', disabled: false, endpoints: {} },
    };
    const devices = [...this.devices.values()].map((device) => device.describe());
    return this.publish('bridge/devices', [coordinator, ...devices], true);
  }

  private async tellAvailability(device: Device): Promise<void> {
    if (this.options.availability !== true) return;
    await this.publish(
      `${device.name}/availability`,
      { state: device.available ? 'online' : 'offline' },
      true,
    );
  }

  private log(level: 'info' | 'error', text: string): void {
    const line = JSON.stringify({ message: `z2m: ${text}`, level });
    // The real one does not say one thing twice in a row.
    if (line === this.lastLine) return;
    this.lastLine = line;
    void this.client?.publishAsync(`${this.baseTopic}/bridge/logging`, line).catch(() => undefined);
  }

  private async publish(path: string, payload: object, retain = false): Promise<void> {
    if (!this.client?.connected) return;
    const text = JSON.stringify(payload);
    if (this.options.output === 'attribute' && !path.startsWith('bridge/')) return;
    await this.client.publishAsync(`${this.baseTopic}/${path}`, text, { retain }).catch(() => undefined);
    if (path.startsWith('bridge/')) return;
    // Publishing is logged, too, payload and all.
    const line = {
      message: `z2m:mqtt: MQTT publish: topic '${this.baseTopic}/${path}', payload '${text}'`,
      level: 'info',
    };
    this.lastLine = JSON.stringify(line);
    await this.client?.publishAsync(`${this.baseTopic}/bridge/logging`, this.lastLine).catch(() => undefined);
  }
}

interface PinCode {
  readonly user: number;
  readonly pin_code?: string | number | null;
  readonly user_enabled?: boolean;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
