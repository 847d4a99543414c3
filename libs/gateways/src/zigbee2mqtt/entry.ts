import { z } from 'zod';
import { addressEntry, localEntry, type LocalSystem } from '../local';

/** How a broker is reached. */
export const MQTT_PROTOCOLS = ['mqtt:', 'mqtts:'];

/** An entry of the kind zigbee2mqtt: { kind, name, display_name, address, username, password, base_topic, slots }. */
export const zigbee2mqttEntry = z.strictObject({
  kind: z.literal('zigbee2mqtt'),
  ...localEntry,
  ...addressEntry(MQTT_PROTOCOLS),
  base_topic: z
    .string()
    .regex(/^[^#+\0]{1,200}$/, 'must be a topic without # and +')
    .optional(),
});

export interface Zigbee2MqttSystem extends LocalSystem {
  readonly kind: 'zigbee2mqtt';
  readonly baseTopic: string;
}

/** @param password what the entry or its environment variable says */
export function zigbee2mqttSystem(
  entry: z.infer<typeof zigbee2mqttEntry>,
  password: string | undefined,
): Zigbee2MqttSystem {
  const { name, display_name: displayName = name, address, username, slots = null } = entry;
  const credentials = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  return {
    ...{ kind: 'zigbee2mqtt', name, displayName, slots, baseTopic: entry.base_topic ?? 'zigbee2mqtt' },
    connection: address === undefined ? null : { address, ...credentials },
    asked: address === undefined ? ['address', 'username', 'password'] : [],
  };
}
