import type { LocalAdapter, LocalParts } from '../local';

/** The adapter for Zigbee2MQTT. */
export function openZigbee2Mqtt(_parts: LocalParts): Promise<LocalAdapter> {
  return Promise.reject(new Error('Zigbee2MQTT is not supported yet'));
}
