export { EventStoreDb } from './event-store-db';
export { isLateAnswer, isLeftByClient, StoreDamaged } from './outages';
export { fromStored } from './recorded';
