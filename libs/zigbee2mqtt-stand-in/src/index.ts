export { Broker, type BrokerOptions } from './broker';
export { type Device, type LockPlan } from './device';
export { type LockFaults, SimulatedLock } from './simulated-lock';
export { type StandInOptions, Zigbee2MqttStandIn } from './stand-in';
