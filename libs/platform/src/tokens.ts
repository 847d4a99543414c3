/** The tokens by which Nest injects the parts of the server. The composition root provides them. */

/** Config */
export const CONFIG = Symbol('CONFIG');
/** Clock */
export const CLOCK = Symbol('CLOCK');
/** Ids */
export const IDS = Symbol('IDS');
/** Random */
export const RANDOM = Symbol('RANDOM');
/** Vault */
export const VAULT = Symbol('VAULT');
/** Records, of `@latchkey/database` */
export const RECORDS = Symbol('RECORDS');
/** Database of the records, for what features keep there themselves */
export const RECORDS_DATABASE = Symbol('RECORDS_DATABASE');
/** Logger */
export const LOGGER = Symbol('LOGGER');
/** Database of the views, of `@latchkey/database` */
export const VIEWS_DATABASE = Symbol('VIEWS_DATABASE');
/** Database of the public events, of `@latchkey/database` */
export const FEED_DATABASE = Symbol('FEED_DATABASE');
/** Database of the audit's index, of `@latchkey/database` */
export const AUDIT_DATABASE = Symbol('AUDIT_DATABASE');
/** EventStore, of `@latchkey/event-sourcing` */
export const EVENT_STORE = Symbol('EVENT_STORE');
/** PersistentSubscriptions, of `@latchkey/event-sourcing`: groups of consumers of the event store's */
export const PERSISTENT_SUBSCRIPTIONS = Symbol('PERSISTENT_SUBSCRIPTIONS');
/** LockGateway, of `@latchkey/gateways` */
export const GATEWAY = Symbol('GATEWAY');
/** The lock systems whose accounts can be connected, by name: ReadonlyMap<string, LockSystem> */
export const LOCK_MAKERS = Symbol('LOCK_MAKERS');
