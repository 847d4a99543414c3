import { until } from '@latchkey/platform';
import * as mqtt from 'mqtt';
import {
  Broker,
  type BrokerOptions,
  type Device,
  type LockPlan,
  type StandInOptions,
  Zigbee2MqttStandIn,
} from '@latchkey/zigbee2mqtt-stand-in';
import type { ConnectionStore, LocalConnection } from '../../local';
import type { LockRef, LockReport } from '../../lock-gateway';
import { type AdapterTimings, Zigbee2MqttAdapter } from '../adapter';
import type { Zigbee2MqttSystem } from '../entry';

/** Short, but in proportion: the lock is waited for a bit longer than Zigbee2MQTT waits. */
export const TIMINGS: AdapterTimings = {
  broker: { connectMs: 2_000, pauseMs: 20, longestPauseMs: 100, keepAliveS: 1 },
  settleMs: 500,
  line: { quietMs: 30, replyMs: 500, looksMs: [2, 10, 25, 50, 100] },
};
const RADIO_TIMEOUT_MS = 400;

export interface SiteOptions {
  readonly system?: Partial<Zigbee2MqttSystem>;
  readonly connection?: LocalConnection;
  readonly standIn?: Partial<StandInOptions>;
  readonly broker?: BrokerOptions;
  /** Where the adapter finds the broker; the broker itself if left out. */
  readonly address?: (broker: Broker) => Promise<string> | string;
}

/** A broker, a Zigbee2MQTT with locks, and the adapter with one account there. */
export class SiteUnderTest {
  readonly account = { accountId: 'account-1', maker: 'house' };
  readonly reports: LockReport[] = [];
  /** What was logged, whole. */
  readonly logged: string[] = [];
  readonly connections = new Map<string, LocalConnection>();
  /** What its adapters have tried to connect by so far, one after another. */
  readonly clients: mqtt.MqttClient[] = [];
  now = Date.UTC(2026, 5, 1, 12);
  adapter!: Zigbee2MqttAdapter;
  system!: Zigbee2MqttSystem;
  private count = 0;

  private constructor(
    readonly broker: Broker,
    readonly standIn: Zigbee2MqttStandIn,
    readonly address: string,
  ) {}

  static async start(options: SiteOptions = {}): Promise<SiteUnderTest> {
    const broker = await Broker.start(options.broker);
    const { login } = options.broker ?? {};
    const standIn = new Zigbee2MqttStandIn({
      ...{ address: broker.address, timeoutMs: RADIO_TIMEOUT_MS, availability: true },
      ...login,
      ...options.standIn,
    });
    await standIn.start();
    const address = (await options.address?.(broker)) ?? broker.address;
    const site = new SiteUnderTest(broker, standIn, address);
    site.system = {
      ...{ kind: 'zigbee2mqtt', name: 'house', displayName: 'House', connection: null, asked: ['address'] },
      ...{ slots: null, baseTopic: 'zigbee2mqtt', codeLengths: [4, 5, 6, 7, 8] },
      ...options.system,
    };
    site.connections.set('account-1', options.connection ?? { address, ...login });
    site.adapter = site.newAdapter();
    await site.adapter.open(site.account);
    // Until it has heard of the site, as there is one.
    await site.adapter.locks(site.account);
    return site;
  }

  /** Another process's adapter, or this one's after a restart. */
  newAdapter(timings: AdapterTimings = TIMINGS): Zigbee2MqttAdapter {
    const log = (level: string) => (fields: object, message: string) =>
      void this.logged.push(JSON.stringify({ level, ...fields, message }));
    const connections: ConnectionStore = {
      get: (accountId) => Promise.resolve(this.connections.get(accountId) ?? null),
      put: (accountId, connection) => Promise.resolve(void this.connections.set(accountId, connection)),
      delete: (accountId) => Promise.resolve(void this.connections.delete(accountId)),
    };
    const connect: typeof mqtt.connect = (...how: unknown[]) => {
      const client = (mqtt.connect as (...how: unknown[]) => mqtt.MqttClient)(...how);
      this.clients.push(client);
      return client;
    };
    return new Zigbee2MqttAdapter(
      { ...mqtt, connect },
      {
        systems: new Map([['house', this.system]]),
        connections,
        onReport: (_account, report) => void this.reports.push(report),
        clock: { now: () => this.now },
        logger: { info: log('info'), warn: log('warn'), debug: log('debug') },
        folder: '/nowhere',
      },
      timings,
    );
  }

  /** Pairs a lock and waits until the adapter has heard of it. */
  async pair(plan: Partial<LockPlan> = {}): Promise<{ device: Device; lock: LockRef }> {
    const device = await this.standIn.pair({ name: `Door ${++this.count}`, exposePin: true, ...plan });
    const lock = { ...this.account, lockId: device.ieeeAddress };
    await until(async () => (await this.described(lock)) !== undefined);
    return { device, lock };
  }

  async described({ lockId }: LockRef) {
    const answer = await this.adapter.locks(this.account);
    return answer.kind === 'answered' ? answer.value.find((each) => each.lockId === lockId) : undefined;
  }

  device({ lockId }: LockRef): Device {
    return this.standIn.devices.get(lockId)!;
  }

  /** Waits until nothing is under way: not to the hub, not between it and its locks, and nothing from there. */
  async settle(): Promise<void> {
    const client = this.clients.at(-1)!;
    for (let isOver = false; !isOver;) {
      const wasBusy = this.standIn.isBusy;
      const heard = await this.heardWhileAsked(client);
      isOver = !wasBusy && !this.standIn.isBusy && heard === 0;
    }
    this.now += 30_000;
  }

  /**
   * Asks the hub how it is. Messages overtake none: what was sent before, either way, has come with the answer.
   * @returns how many others came meanwhile
   */
  private async heardWhileAsked(client: mqtt.MqttClient): Promise<number> {
    const of = (way: string) => `${this.system.baseTopic}/bridge/${way}/health_check`;
    await client.subscribeAsync(of('response'));
    let others = 0;
    const answered = new Promise<void>((resolve) => {
      const hear = (topic: string) => {
        if (topic !== of('response')) return void others++;
        client.off('message', hear);
        resolve();
      };
      client.on('message', hear);
    });
    client.publish(of('request'), '{}');
    await answered;
    return others;
  }

  async close(): Promise<void> {
    await this.adapter.close();
    await this.standIn.stop();
    await this.broker.close();
  }
}
