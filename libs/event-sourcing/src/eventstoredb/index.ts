export { EventStoreDb } from './event-store-db';
export { isLeftByClient, StoreDamaged } from './outages';
