/** What a node needs to know wherever it runs. */
export interface SpawnOptions {
  /** The folder of its file, made if absent; `:memory:` keeps nothing. */
  readonly dataDir: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Default 127.0.0.1. Without certificates only loopback is allowed. */
  readonly host?: string;
  /** A folder with ca.crt, node.crt and node.key. With it the node speaks TLS and knows users. */
  readonly certs?: string;
  /** Largest append in bytes of event data. Default 1 MiB. */
  readonly maxAppendSize?: number;
}

/** How to run a node in this process. */
export interface NodeOptions extends SpawnOptions {
  /** Password of the user admin when a new database is made. Default: EventStoreDB's. */
  readonly adminPassword?: string;
  /** Password of the user ops when a new database is made. Default: EventStoreDB's. */
  readonly opsPassword?: string;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Told of faults of the node itself. Default: standard error. */
  readonly report?: (error: unknown) => void;
}

/** A node that listens. */
export interface RunningNode {
  readonly port: number;
  /** For `EventStoreDBClient.connectionString`. */
  readonly connectionString: string;
  /** Resolves once it has closed, on whose request ever. */
  readonly closed: Promise<void>;
  /** Finishes what is in flight and lets the data folder go. */
  close(): Promise<void>;
}

/** A node that listens in a child process. */
export interface SpawnedNode extends Omit<RunningNode, 'closed'> {
  readonly pid: number;
  /** Resolves to the exit code when the child ends, null if a signal ended it. */
  readonly exited: Promise<number | null>;
}
