/** How messages are shared among the consumers of a group. */
export const STRATEGIES = ['RoundRobin', 'DispatchToSingle', 'Pinned', 'PinnedByCorrelation'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** The settings of a group, in the names of the protocol. Times are in ms; 0 means never. */
export interface GroupSettings {
  readonly resolveLinks: boolean;
  readonly extraStatistics: boolean;
  readonly maxRetryCount: number;
  readonly minCheckpointCount: number;
  readonly maxCheckpointCount: number;
  readonly checkpointAfter: number;
  /** 0: as many as like. */
  readonly maxSubscriberCount: number;
  readonly liveBufferSize: number;
  readonly readBatchSize: number;
  readonly historyBufferSize: number;
  readonly messageTimeout: number;
  readonly strategy: StrategyName;
}

/** What a group reads, and where it begins. */
export interface GroupDefinition {
  /** `$all` or a stream. */
  readonly stream: string;
  readonly group: string;
  /** On `$all` only. */
  readonly filter: FilterDefinition | undefined;
  /**
   * A revision or a position, that one included; -1 means the end as it was when the group was made. In digits where a
   * number of JavaScript would not be exact.
   */
  readonly startFrom: number | string;
  /** What had been read already when the group was made: where to begin when there is no checkpoint. */
  readonly startAfter: number;
  readonly settings: GroupSettings;
}

export interface FilterDefinition {
  readonly on: 'stream' | 'type';
  readonly regex: string;
  readonly prefixes: readonly string[];
}

/** The name of a group in its streams, and the id of its subscriptions. */
export function groupKey(stream: string, group: string): string {
  return `${stream}::${group}`;
}

/** @returns why a group cannot have these settings, or undefined */
export function refusalOf(settings: GroupSettings): string | undefined {
  if (!STRATEGIES.includes(settings.strategy)) {
    return `Consumer strategy ${String(settings.strategy)} does not exist.`;
  }
  if (settings.readBatchSize >= settings.historyBufferSize) {
    return 'ReadBatchSize may not be greater than or equal to BufferSize';
  }
  return undefined;
}
