/**
 * Who comes in, and how:
 * - `logins`: by TCP with TLS, and with a login of EventStoreDB's kind: admin, ops, and users they make.
 * - `private`: by a Unix socket in the data folder, for the process that started the node, which may do everything. By
 *   TCP with TLS come its subscribers, who read the streams that name them and nothing else.
 * - `insecure`: everybody who reaches the port may do everything.
 */
export type Access = 'logins' | 'private' | 'insecure';

/** What a node needs to know wherever it runs. */
export interface SpawnOptions {
  /** The folder of its file, made if absent and closed to other accounts; `:memory:` keeps nothing. */
  readonly dataDir: string;
  /** 0 picks a free one. Only a private node can do without. */
  readonly port?: number;
  /** Default 127.0.0.1. An insecure node listens on loopback only. */
  readonly host?: string;
  /** Default `logins`. */
  readonly access?: Access;
  /** A folder with ca.crt, node.crt and node.key. Without it the node makes its own, in `tls` of its data folder. */
  readonly certs?: string;
  /** Largest append in bytes of event data. Default 1 MiB. */
  readonly maxAppendSize?: number;
}

/** How to run a node in this process. */
export interface NodeOptions extends SpawnOptions {
  /** Password of the user admin when a new database is made. Else one is drawn and kept in `admin.password`. */
  readonly adminPassword?: string;
  /** Password of the user ops when a new database is made. Else nobody knows it until an administrator resets it. */
  readonly opsPassword?: string;
  /** How long a silent connection is left alone, and how long it then has to answer a ping, ms. Default 10 s each. */
  readonly keepAlive?: { readonly interval: number; readonly timeout: number };
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Told of faults of the node itself. Default: standard error. */
  readonly report?: (error: unknown) => void;
}

/** Where a node is reached. */
export interface NodeAddresses {
  /** 0 where there is none. */
  readonly port: number;
  /**
   * For `EventStoreDBClient.connectionString`. Of a private node it is its owner's: `unix:` and a path, for the
   * `endpoint` of a client without TLS.
   */
  readonly connectionString: string;
  /** The file with the authority's certificate that clients by TCP need; undefined for an insecure node. */
  readonly caFile: string | undefined;
}

/** A node that listens. */
export interface RunningNode extends NodeAddresses {
  /** Notes for the operator, a line each. */
  readonly notices: readonly string[];
  /** Resolves once it has closed, on whose request ever. */
  readonly closed: Promise<void>;
  /** Finishes what is in flight and lets the data folder go. */
  close(): Promise<void>;
}

/** A node that listens in a child process. */
export interface SpawnedNode extends NodeAddresses {
  readonly pid: number;
  /** Resolves to the exit code when the child ends, null if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Finishes what is in flight and lets the data folder go. */
  close(): Promise<void>;
}
