import { randomUUID } from 'node:crypto';
import type * as Mqtt from 'mqtt';
import type { LockReport, Refusal } from '../lock-gateway';
import { parseFailedRequest } from './bridge-log';
import { type BridgeInfo, type BridgeLock, parseDevices, parseInfo, parseOnline } from './bridge-messages';
import {
  BrokerConnection,
  type BrokerFailure,
  type BrokerMessage,
  type BrokerSettings,
  type BrokerTimings,
} from './broker-connection';
import { LockLine, type LineTimings } from './lock-line';
import { SiteLock } from './site-lock';

/** What a connection may take before who waits for it is told that there is none; ms. */
const CONNECTED_WITHIN_MS = 25_000;

export interface SiteOptions {
  readonly mqtt: typeof Mqtt;
  readonly broker: BrokerSettings;
  readonly brokerTimings: BrokerTimings;
  readonly lineTimings: LineTimings;
  /** For how long after connecting what Zigbee2MQTT keeps at the broker may take to come; ms. */
  readonly settleMs: number;
  readonly baseTopic: string;
  readonly clock: { now(): number };
  /** How many slots locks have, as far as that was found out before. */
  readonly counts: ReadonlyMap<string, number>;
  readonly onReport: (report: LockReport) => void;
  /** False: it is only looked at, and nothing of it is changed. */
  readonly isConnected: boolean;
  /** One line for the operator. */
  readonly onTrouble: (message: string) => void;
}

/** One Zigbee2MQTT with its locks, as far as its broker lets us see it. */
export class Site {
  readonly locks = new Map<string, SiteLock>();
  info: BridgeInfo | null = null;
  /** Null: nothing was heard of it since the connection stands. */
  hubOnline: boolean | null = null;
  private readonly byName = new Map<string, SiteLock>();
  private readonly broker: BrokerConnection;
  /** Another one in each process, so that locks are read back once after a start. */
  private readonly era = randomUUID();
  private listed = false;
  private failure: BrokerFailure = { kind: 'unreachable', message: 'Not connected yet.' };
  private failures = 0;
  private lost = false;
  private warned = false;
  private quiet: NodeJS.Timeout | undefined;
  /** Connected for long enough that what has not come by now will not. */
  private isQuiet = false;
  private readonly waiting = new Set<() => void>();
  private readonly askedToForget = new Set<string>();

  constructor(private readonly options: SiteOptions) {
    this.broker = new BrokerConnection(
      options.mqtt,
      options.broker,
      {
        up: () => this.up(),
        down: (failure) => this.down(failure),
        message: (message) => this.take(message),
      },
      options.brokerTimings,
    );
    for (const topic of ['state', 'info', 'devices', 'logging']) this.broker.subscribe(this.bridge(topic));
  }

  start(): void {
    this.broker.start();
  }

  async close(): Promise<void> {
    clearTimeout(this.quiet);
    this.release();
    await this.broker.close();
    for (const lock of this.locks.values()) lock.lost();
  }

  /**
   * Waits until the site has told of itself, if it is about to.
   * @returns why nothing can be asked of it, or null
   */
  async problem(): Promise<Refusal | null> {
    if (!this.isSettled()) await this.settledOrNot();
    if (!this.broker.connected) return this.failure;
    if (!this.info || !this.listed) {
      const message = `No Zigbee2MQTT is heard under the topic ${this.options.baseTopic}.`;
      return { kind: 'unreachable', message };
    }
    if (this.info.publishesJson) return null;
    return { kind: 'unreachable', message: "Zigbee2MQTT's setting advanced.output must be json." };
  }

  /** Waits until the site has told of itself, or is known not to. */
  private settledOrNot(): Promise<void> {
    if (this.isHopeless() || this.isQuiet) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, CONNECTED_WITHIN_MS);
      this.waiting.add(end);
    });
  }

  /** Whether waiting is of no use: it has failed already, by both versions of MQTT. */
  private isHopeless(): boolean {
    return this.failure.kind === 'unauthorized' || this.failures > 1;
  }

  private release(): void {
    for (const end of [...this.waiting]) end();
  }

  private isSettled(): boolean {
    return this.broker.connected && this.listed && this.info !== null && this.hubOnline !== null;
  }

  private settle(): void {
    if (!this.isSettled()) return;
    if (this.options.isConnected) for (const lock of this.locks.values()) this.unrepeat(lock);
    this.release();
    if (!this.lost) return;
    this.lost = false;
    this.options.onReport({ kind: 'system-back' });
  }

  private up(): void {
    this.failures = 0;
    this.quiet = setTimeout(() => {
      this.isQuiet = true;
      this.release();
    }, this.options.settleMs);
    this.quiet.unref();
    this.failure = { kind: 'unreachable', message: 'The connection to the broker was lost.' };
    this.settle();
  }

  private down(failure: BrokerFailure): void {
    clearTimeout(this.quiet);
    this.isQuiet = false;
    if (failure.message !== this.failure.message) this.options.onTrouble(failure.message);
    this.failure = failure;
    this.failures++;
    this.info = null;
    this.listed = false;
    this.hubOnline = null;
    if (this.isHopeless()) this.release();
    for (const lock of this.locks.values()) lock.lost();
    if (!this.lost) this.options.onReport({ kind: 'system-lost' });
    this.lost = true;
  }

  private take({ topic, text, retained }: BrokerMessage): void {
    switch (topic) {
      case this.bridge('state'):
        this.state(parseOnline(text));
        break;
      case this.bridge('info'):
        this.info = parseInfo(text) ?? this.info;
        this.warn();
        break;
      case this.bridge('devices'): {
        const devices = parseDevices(text);
        if (devices) this.devices(devices);
        break;
      }
      case this.bridge('logging'):
        if (!retained) this.log(text);
        return;
      default:
        this.ofLock(topic, text, retained);
        return;
    }
    this.settle();
  }

  /** Says once what the operator should know of how Zigbee2MQTT is set. */
  private warn(): void {
    if (this.warned || !this.info || this.info.watchesLocks) return;
    this.warned = true;
    this.options.onTrouble(
      "Zigbee2MQTT's availability is off: that a lock is away is only noticed when it is asked for something",
    );
  }

  private state(online: boolean | null): void {
    if (online === null || online === this.hubOnline) return;
    const before = this.hubOnline;
    this.hubOnline = online;
    for (const lock of this.locks.values()) {
      const { lockId } = lock;
      if (!online) lock.lost();
      if (before !== null) this.options.onReport({ kind: online ? 'online' : 'offline', lockId });
    }
  }

  private devices(devices: readonly BridgeLock[]): void {
    const first = !this.listed && this.locks.size === 0;
    this.listed = true;
    for (const [lockId, lock] of this.locks) {
      if (devices.some((device) => device.lockId === lockId)) continue;
      this.unlisten(lock.bridge.name);
      lock.lost();
      this.locks.delete(lockId);
      this.options.onReport({ kind: 'removed', lockId });
    }
    for (const device of devices) {
      const known = this.locks.get(device.lockId);
      if (known) {
        if (known.bridge.name !== device.name) this.unlisten(known.bridge.name);
        known.bridge = device;
      } else {
        this.locks.set(device.lockId, this.hang(device));
        if (!first) this.options.onReport({ kind: 'added', lockId: device.lockId });
      }
    }
    // Names may have been swapped: topics are distinguished when all are known.
    for (const lock of this.locks.values()) this.listen(lock);
  }

  private hang(device: BridgeLock): SiteLock {
    const { lockId } = device;
    const line = new LockLine({
      timings: this.options.lineTimings,
      repeats: () => this.info?.unrepeated.has(lockId) !== true,
      // By its address, which a renaming does not change.
      send: (request, payload, lapsesMs) =>
        this.hubOnline !== false &&
        this.broker.publish(
          `${this.options.baseTopic}/${lockId}/${request}`,
          JSON.stringify(payload),
          lapsesMs,
        ),
    });
    const lock = new SiteLock(device, line, this.era, this.options.clock);
    lock.slotCount = this.options.counts.get(lockId) ?? null;
    return lock;
  }

  private listen(lock: SiteLock): void {
    const { name } = lock.bridge;
    if (this.byName.get(name) === lock) return;
    this.byName.set(name, lock);
    for (const topic of this.topicsOf(name)) this.broker.subscribe(topic);
  }

  private unlisten(name: string): void {
    this.byName.delete(name);
    for (const topic of this.topicsOf(name)) this.broker.unsubscribe(topic);
  }

  private ofLock(topic: string, text: string, retained: boolean): void {
    const name = topic.slice(this.options.baseTopic.length + 1);
    const own = this.byName.get(name);
    if (own) {
      for (const report of own.heard(text, retained)) this.options.onReport(report);
      return;
    }
    const watched = this.byName.get(name.replace(/\/availability$/, ''));
    if (!watched || !name.endsWith('/availability')) return;
    // What is kept at the broker may be from when it still watched.
    const available = this.info?.watchesLocks === false ? null : parseOnline(text);
    if (available === watched.available) return;
    const before = watched.available;
    watched.available = available;
    if (available === null || (before === null && available)) return;
    this.options.onReport({ kind: available ? 'online' : 'offline', lockId: watched.lockId });
  }

  /** A line of the log may hold a PIN: what it means goes on, and nothing of its text. */
  private log(text: string): void {
    const failed = parseFailedRequest(text);
    if (failed) this.byName.get(failed.name)?.line.heard(failed);
  }

  /**
   * Zigbee2MQTT repeats the codes that it read earlier in every later message of a lock, where they can't be told from
   * an answer. It is asked, once, to leave them out of its memory.
   */
  private unrepeat({ lockId }: SiteLock): void {
    const { info } = this;
    if (!info || this.hubOnline !== true || info.unrepeated.has(lockId) || this.askedToForget.has(lockId))
      return;
    const filtered_cache = [...(info.filteredCache.get(lockId) ?? []), 'users'];
    const request = JSON.stringify({ id: lockId, options: { filtered_cache } });
    const sent = this.broker.publish(this.bridge('request/device/options'), request, this.options.settleMs);
    if (sent) this.askedToForget.add(lockId);
  }

  private bridge(topic: string): string {
    return `${this.options.baseTopic}/bridge/${topic}`;
  }

  private topicsOf(name: string): string[] {
    const topic = `${this.options.baseTopic}/${name}`;
    return [topic, `${topic}/availability`];
  }
}
