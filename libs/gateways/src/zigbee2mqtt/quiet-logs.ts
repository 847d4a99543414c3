import { createRequire } from 'node:module';

interface Debug {
  enable(names: string): void;
  disable(): string;
}

/**
 * The MQTT client and its parser write whole messages, PINs included, to a log that the variable DEBUG turns on. What
 * else DEBUG names stays on.
 */
export function quietLogs(): void {
  const ofMqtt = createRequire(require.resolve('mqtt'));
  const ofPacket = createRequire(ofMqtt.resolve('mqtt-packet'));
  for (const load of [ofMqtt, ofPacket]) {
    const debug = load('debug') as Debug;
    const names = debug.disable();
    if (names !== '') debug.enable(`${names},-mqttjs*,-mqtt-packet*`);
  }
}
