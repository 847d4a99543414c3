import type { AccountRef, Answer, LockDescription, LockGateway, LockReport } from '../lock-gateway';
import type { SlotRange } from '../slot-range';

/** What somebody is asked for to reach a local system. */
export type AskedField = 'address' | 'username' | 'password' | 'pairing_code';

/**
 * How a system on the local network is reached. All of it is kept sealed: addresses may hold credentials, too.
 * What a field means is the kind's own: `address` is `ws://host:3000` for Z-Wave JS, `mqtt://host:1883` for a broker.
 */
export interface LocalConnection {
  readonly address?: string;
  readonly username?: string;
  readonly password?: string;
  /** Of the device that is to be paired (Matter). */
  readonly pairingCode?: string;
  /** What the adapter itself has to remember of the account: handed back as it was. */
  readonly kept?: string;
}

/** A lock system on the local network, as an operator names it in the file. */
export interface LocalSystem {
  readonly kind: 'zwave-js' | 'zigbee2mqtt' | 'matter';
  /** The name that accounts refer to it by. */
  readonly name: string;
  /** What people call it. */
  readonly displayName: string;
  /** The connection settings from the file; null: they are entered when it is connected. */
  readonly connection: LocalConnection | null;
  /** The fields to be entered when it is connected; empty where the file has them all. */
  readonly asked: readonly AskedField[];
  /** Which slots of each lock are ours; null: the upper half of what a lock has. */
  readonly slots: SlotRange | null;
}

/** What was found at the other end of a connection. */
export interface FoundSystem {
  /** Stays the same when the address changes: a home id, the coordinator's address. Two accounts never share one. */
  readonly systemId: string;
  /** What is to be kept of the account: what was given, or what came of it. */
  readonly connection: LocalConnection;
  /** What runs there, for people: its name and version. */
  readonly version: string;
  /** Its locks, as they are now. */
  readonly locks: readonly LockDescription[];
}

/** Where connections of accounts are kept, sealed. What one process puts, the others get. */
export interface ConnectionStore {
  /** Null: no such account, or it was forgotten. */
  get(accountId: string): Promise<LocalConnection | null>;
  put(accountId: string, connection: LocalConnection): Promise<void>;
  delete(accountId: string): Promise<void>;
}

/** Takes what locks report by themselves. Never rejects: what can't be taken now is tried again there. */
export type ReportSink = (account: AccountRef, report: LockReport) => void;

/** What every adapter of a local system is given. */
export interface LocalParts {
  /** Those of its kind, by name. */
  readonly systems: ReadonlyMap<string, LocalSystem>;
  readonly connections: ConnectionStore;
  readonly onReport: ReportSink;
  /** Instants in ms. */
  readonly clock: { now(): number };
  readonly logger: LocalLogger;
  /** A folder of its own for what it must keep; it need not exist yet. */
  readonly folder: string;
}

export interface LocalLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/**
 * One kind of local system: a gateway to the locks of all accounts of its kind. It keeps one connection for each
 * account that was opened, for as long as the process lives, and opens it again by itself, with pauses, when it breaks.
 * A call for an account that was not opened opens it.
 *
 * While the system can't be reached every call answers `unreachable` (the account is out); one lock that does not
 * answer is `refused` with DEVICE_OFFLINE (certainly not done) or `unknown` (sent, no answer), and costs no other lock
 * anything. When the system is lost or back, `system-lost` or `system-back` is reported.
 */
export interface LocalAdapter extends LockGateway {
  /**
   * Tries over a real connection what somebody gave, for an account to be. Answers within half a minute.
   * `unauthorized`: the credentials are not taken.
   */
  check(system: LocalSystem, given: LocalConnection): Promise<Answer<FoundSystem>>;
  /** Begins to listen to what the account's locks report. Again: takes what is kept of its connection now. */
  open(account: AccountRef): Promise<void>;
  /** The account is gone: ends its connection and what the system keeps for it. */
  forget(account: AccountRef): Promise<void>;
  /** Ends all connections. Calls under way are answered `unknown`. */
  close(): Promise<void>;
}
