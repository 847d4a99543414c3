import { type LocalAdapter, type LocalParts, optionalPackage } from '../local';
import { Zigbee2MqttAdapter } from './adapter';

/**
 * The adapter for Zigbee2MQTT.
 * @throws {PackageMissing} where the MQTT client is not installed
 */
export async function openZigbee2Mqtt(parts: LocalParts): Promise<LocalAdapter> {
  return new Zigbee2MqttAdapter(await optionalPackage('zigbee2mqtt', 'mqtt', () => import('mqtt')), parts);
}
