import { ALL_STREAM } from '../access/caller';
import { allSource, type EventSource, streamSource } from './event-source';
import { groupDoesNotExist, groupDropped, groupExists, groupFailed } from './errors';
import { type GroupDefinition, groupKey, refusalOf } from './group-settings';
import { SubscriptionGroup } from './subscription-group';
import { appendWithMetadata, lastEvent, systemEvent, type SystemStreams } from './system-streams';

const CONFIG_STREAM = '$persistentSubscriptionConfig';

/** How often overdue messages and checkpoints are looked for, ms. */
const TICK = 100;

interface StoredConfig {
  readonly version: '2';
  readonly updated: string;
  readonly updatedBy: string;
  readonly entries: readonly GroupDefinition[];
}

/** All groups of a node. Their definitions are kept in one system stream, the newest event of which holds them all. */
export class GroupRegistry {
  private readonly groups = new Map<string, SubscriptionGroup>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly streams: SystemStreams) {
    this.load();
  }

  /** @throws RpcError when there is no such group */
  get(stream: string, group: string): SubscriptionGroup {
    const found = this.groups.get(groupKey(stream, group));
    // Names with `::` in them can have one key: group b::c on a, and group c on a::b.
    if (found?.definition.stream !== stream) throw groupDoesNotExist(stream, group);
    return found;
  }

  has(stream: string, group: string): boolean {
    return this.groups.has(groupKey(stream, group));
  }

  list(): SubscriptionGroup[] {
    return [...this.groups.values()];
  }

  /** @throws RpcError when the group exists or cannot be as it is defined */
  async create(definition: GroupDefinition, by: string): Promise<void> {
    const { stream, group } = definition;
    const refusal = this.refusal(definition);
    if (refusal !== undefined) throw groupFailed(stream, group, refusal);
    if (this.has(stream, group)) throw groupExists(stream, group);
    await this.change(by, (stored) => {
      if (stored.some(isNamed(stream, group))) throw groupExists(stream, group);
      return [...stored, definition];
    });
    if (!this.has(stream, group)) this.start(definition);
  }

  /** Consumers are dropped, and the group begins again from its checkpoint. */
  async update(definition: GroupDefinition, by: string): Promise<void> {
    const { stream, group } = definition;
    const existing = this.get(stream, group);
    const refusal = this.refusal(definition);
    if (refusal !== undefined) throw groupFailed(stream, group, refusal);
    const updated = { ...definition, filter: existing.definition.filter };
    await this.change(by, (stored) => {
      if (!stored.some(isNamed(stream, group))) throw groupDoesNotExist(stream, group);
      return stored.map((entry) => (isNamed(stream, group)(entry) ? updated : entry));
    });
    if (this.groups.get(existing.key) !== existing) return;
    existing.close();
    this.start(updated);
  }

  async delete(stream: string, group: string, by: string): Promise<void> {
    const existing = this.get(stream, group);
    // First, so that it writes no checkpoint after they are deleted.
    existing.close(groupDropped(stream, group));
    this.groups.delete(existing.key);
    try {
      await this.change(by, (stored) => {
        existing.deleteStreams();
        return stored.filter((entry) => !isNamed(stream, group)(entry));
      });
    } catch (error) {
      const kept = this.stored().find(isNamed(stream, group));
      if (kept && !this.has(stream, group)) this.start(kept);
      throw error;
    }
  }

  /** Drops all consumers and begins again from what is on the disk. */
  restart(): void {
    this.close();
    this.load();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const group of this.groups.values()) group.close();
    this.groups.clear();
  }

  private refusal({ stream, startFrom, settings }: GroupDefinition): string | undefined {
    if (stream === ALL_STREAM && Number(startFrom) > this.streams.log.lastPosition) {
      return 'Invalid Start From position: commit position must be less than or equal to the last commit position in the transaction file.';
    }
    return refusalOf(settings);
  }

  private start(definition: GroupDefinition): void {
    const group = new SubscriptionGroup(this.streams, this.source(definition), definition);
    this.groups.set(group.key, group);
    this.timer ??= setInterval(() => {
      const now = this.streams.now();
      for (const each of this.groups.values()) each.tick(now);
    }, TICK);
  }

  private source({ stream, filter }: GroupDefinition): EventSource {
    const { log, reader } = this.streams;
    return stream === ALL_STREAM ? allSource(log, filter) : streamSource(log, reader, stream);
  }

  private load(): void {
    for (const definition of this.stored()) this.start(definition);
  }

  /** The definitions on the disk. */
  private stored(): readonly GroupDefinition[] {
    const event = lastEvent(this.streams, CONFIG_STREAM);
    if (!event) return [];
    return (JSON.parse(Buffer.from(event.data).toString('utf8')) as StoredConfig).entries;
  }

  /** Resolves when the changed definitions are on the disk; only then does a change take effect. */
  private async change(
    updatedBy: string,
    entriesAfter: (stored: readonly GroupDefinition[]) => readonly GroupDefinition[],
  ): Promise<void> {
    await this.streams.commits.submit(() => {
      const config: StoredConfig = {
        version: '2',
        updated: new Date(this.streams.now()).toISOString(),
        updatedBy,
        entries: entriesAfter(this.stored()),
      };
      const event = systemEvent('$PersistentConfig', JSON.stringify(config), true);
      appendWithMetadata(this.streams, CONFIG_STREAM, event, { $maxCount: 2 });
    });
  }
}

function isNamed(stream: string, group: string): (definition: GroupDefinition) => boolean {
  return (definition) => definition.stream === stream && definition.group === group;
}
