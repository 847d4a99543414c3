import { type LocalAdapter, type LocalParts, optionalPackage } from '../local';
import { Zigbee2MqttAdapter } from './adapter';
import { quietLogs } from './quiet-logs';

/**
 * The adapter for Zigbee2MQTT.
 * @throws {PackageMissing} where the MQTT client is not installed
 */
export async function openZigbee2Mqtt(parts: LocalParts): Promise<LocalAdapter> {
  const mqtt = await optionalPackage('zigbee2mqtt', 'mqtt', () => import('mqtt'));
  quietLogs();
  return new Zigbee2MqttAdapter(mqtt, parts);
}
