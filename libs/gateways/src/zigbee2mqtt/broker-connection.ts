import type * as Mqtt from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import { Socket } from 'node:net';

/** How a broker is reached. */
export interface BrokerSettings {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates (PEM) to trust beside the machine's own. */
  readonly ca?: string;
}

export interface BrokerTimings {
  /** For how long a connection may take to stand; ms. */
  readonly connectMs: number;
  /** The pause after a first failure; it doubles with each further one, up to `longestPauseMs`. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** A connection on which nothing came for about so long is taken for dead; s. */
  readonly keepAliveS: number;
}

export const BROKER_TIMINGS: BrokerTimings = {
  connectMs: 10_000,
  pauseMs: 500,
  longestPauseMs: 30_000,
  keepAliveS: 15,
};

export interface BrokerMessage {
  readonly topic: string;
  readonly text: string;
  /** Kept by the broker from before we subscribed: it may be old. */
  readonly retained: boolean;
}

/** Why there is no connection. `unauthorized`: the broker does not take the credentials. */
export interface BrokerFailure {
  readonly kind: 'unreachable' | 'unauthorized';
  /** One line; repeats no address, name or password. */
  readonly message: string;
}

export interface BrokerListener {
  /** Connected, and all topics are subscribed to. */
  up(): void;
  down(failure: BrokerFailure): void;
  message(message: BrokerMessage): void;
}

/** MQTT's codes for credentials that are wrong or not allowed, of 3.1.1 and of 5. */
const UNAUTHORIZED = new Set([4, 5, 134, 135]);

/**
 * One connection to a broker, which is opened again, with pauses, for as long as nobody closes it. It speaks MQTT 5, and
 * 3.1.1 with a broker that knows no other. The session is clean and messages go out at most once: what is published
 * while there is no connection is not sent later, when nobody wants it any more.
 */
export class BrokerConnection {
  private readonly topics = new Set<string>();
  private client: MqttClient | undefined;
  private version: 4 | 5 = 5;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  private isUp = false;

  constructor(
    private readonly mqtt: typeof Mqtt,
    private readonly settings: BrokerSettings,
    private readonly listener: BrokerListener,
    private readonly timings: BrokerTimings = BROKER_TIMINGS,
  ) {}

  get connected(): boolean {
    return this.isUp;
  }

  /** Begins to connect. Throws nothing: the listener hears how it goes. */
  start(): void {
    if (!this.client && !this.closed) this.attempt();
  }

  /** Has messages on a topic come, now and after each new connection. */
  subscribe(topic: string): void {
    if (this.topics.has(topic)) return;
    this.topics.add(topic);
    if (this.isUp) void this.client?.subscribeAsync(topic, { qos: 0 }).catch(() => this.client?.end(true));
  }

  unsubscribe(topic: string): void {
    if (this.topics.delete(topic) && this.isUp) {
      void this.client?.unsubscribeAsync(topic).catch(() => undefined);
    }
  }

  /**
   * Sends a message, at most once.
   * @param lapsesMs a broker that speaks MQTT 5 does not pass it on after this long
   * @returns false: there is no connection, nothing was sent
   */
  publish(topic: string, text: string, lapsesMs: number): boolean {
    if (!this.isUp || !this.client) return false;
    const properties = { messageExpiryInterval: Math.max(1, Math.ceil(lapsesMs / 1000)) };
    this.client.publish(topic, text, { qos: 0, ...(this.version === 5 ? { properties } : {}) });
    return true;
  }

  /** Ends the connection for good. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    const { client } = this;
    this.client = undefined;
    this.isUp = false;
    if (client) await client.endAsync(true).catch(() => undefined);
  }

  private attempt(): void {
    const client = this.mqtt.connect(this.settings.address, this.options());
    this.client = client;
    let ended = false;
    // A broker of before MQTT 5 may say nothing at all to it and hang up.
    let failure: BrokerFailure = { kind: 'unreachable', message: 'The broker ended the connection.' };
    let answered = false;
    client.on('connect', () => {
      answered = true;
      // Commands are short and each waits for its answer: none is to wait for another to fill a packet.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      void this.subscribeAll(client).catch(() => {
        failure = { kind: 'unauthorized', message: 'The broker does not let this user read its topics.' };
        client.end(true);
      });
    });
    client.on('message', (topic, payload, { retain }) => {
      if (client === this.client) {
        this.listener.message({ topic, text: payload.toString('utf8'), retained: retain });
      }
    });
    client.on('error', (error) => {
      answered = true;
      failure = this.failureOf(error);
    });
    client.on('close', () => {
      if (ended || client !== this.client) return;
      ended = true;
      if (!answered && !this.isUp) this.version = this.version === 5 ? 4 : 5;
      client.end(true);
      this.isUp = false;
      this.client = undefined;
      this.listener.down(failure);
      this.again();
    });
  }

  private async subscribeAll(client: MqttClient): Promise<void> {
    const topics = [...this.topics];
    if (topics.length > 0) await client.subscribeAsync(topics, { qos: 0 });
    if (client !== this.client || !client.connected) return;
    this.failures = 0;
    this.isUp = true;
    this.listener.up();
    // Those that were asked for in the meantime.
    const late = [...this.topics].filter((topic) => !topics.includes(topic));
    if (late.length > 0) await client.subscribeAsync(late, { qos: 0 });
  }

  private again(): void {
    if (this.closed) return;
    const { pauseMs, longestPauseMs } = this.timings;
    const pause = Math.min(longestPauseMs, pauseMs * 2 ** Math.min(this.failures, 10));
    this.failures++;
    this.retry = setTimeout(() => this.attempt(), pause);
    this.retry.unref();
  }

  private options(): IClientOptions {
    const { username, password, ca } = this.settings;
    return {
      protocolVersion: this.version,
      clean: true,
      // Connecting again is done here, where the version can be changed.
      reconnectPeriod: 0,
      connectTimeout: this.timings.connectMs,
      keepalive: this.timings.keepAliveS,
      queueQoSZero: false,
      resubscribe: false,
      // The package's own log holds the payloads, and in them PINs.
      log: () => undefined,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(ca === undefined ? {} : { ca }),
    };
  }

  private failureOf(error: Error & { code?: unknown }): BrokerFailure {
    const { code } = error;
    if (typeof code === 'number' && UNAUTHORIZED.has(code)) {
      return { kind: 'unauthorized', message: 'The broker does not take the user name and password.' };
    }
    if (code === 1 || code === 132) {
      this.version = this.version === 5 ? 4 : 5;
      return { kind: 'unreachable', message: 'The broker speaks another version of MQTT.' };
    }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) {
      return { kind: 'unreachable', message: `No connection to the broker (${code}).` };
    }
    return { kind: 'unreachable', message: 'No connection to the broker.' };
  }
}
