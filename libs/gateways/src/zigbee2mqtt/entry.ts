import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { addressEntry, localEntry, type LocalSystem } from '../local';

/** How a broker is reached. */
export const MQTT_PROTOCOLS = ['mqtt:', 'mqtts:'];

/** An entry of the kind zigbee2mqtt: { kind, name, display_name, address, username, password, base_topic, slots, ca_file, supported_code_lengths }. */
export const zigbee2mqttEntry = z.strictObject({
  kind: z.literal('zigbee2mqtt'),
  ...localEntry,
  ...addressEntry(MQTT_PROTOCOLS),
  base_topic: z
    .string()
    .regex(/^[^#+\0]{1,200}$/, 'must be a topic without # and +')
    .optional(),
  /** Certificates (PEM) to trust beside the machine's own, for a broker whose certificate its owner signed. */
  ca_file: z
    .string()
    .transform((path, context) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        context.addIssue({ code: 'custom', message: 'cannot be read' });
        return z.NEVER;
      }
    })
    .optional(),
  supported_code_lengths: z.array(z.number().int().min(4).max(20)).min(1).optional(),
});

/** Zigbee2MQTT does not tell how long a lock's PINs may be; these nearly all locks take. */
const CODE_LENGTHS = [4, 5, 6, 7, 8];

export interface Zigbee2MqttSystem extends LocalSystem {
  readonly kind: 'zigbee2mqtt';
  readonly baseTopic: string;
  /** PEM. */
  readonly ca?: string;
  readonly codeLengths: readonly number[];
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
    codeLengths: entry.supported_code_lengths ?? CODE_LENGTHS,
    ...(entry.ca_file === undefined ? {} : { ca: entry.ca_file }),
    connection: address === undefined ? null : { address, ...credentials },
    asked: address === undefined ? ['address', 'username', 'password'] : [],
  };
}
