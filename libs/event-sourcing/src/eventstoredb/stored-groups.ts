import {
  AccessDeniedError,
  END,
  type EventStoreDBClient,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  type PersistentSubscriptionToAllSettings,
  type PersistentSubscriptionToStreamSettings,
  START,
  streamNameFilter,
  UNBOUNDED,
} from '@eventstore/db-client';
import { Outage, within } from '@latchkey/platform';
import type { Position } from '../event-store';
import {
  GroupAbsent,
  GroupExists,
  type GroupName,
  GroupRefused,
  GroupsDenied,
  type GroupSettings,
  type GroupSource,
  type GroupStart,
  type GroupState,
  type GroupStrategy,
  type ParkedChoice,
  type ParkedMessage,
  type PersistentSubscriptions,
} from '../persistent-subscriptions';
import type { Connection } from './connection';
import { meaning, StoreSilent } from './outages';
import { StoredParked } from './stored-parked';

/** How long the store may take for an answer, ms. */
const ANSWER_WITHIN_MS = 4_000;

type StreamInfo = Awaited<ReturnType<EventStoreDBClient['getPersistentSubscriptionToStreamInfo']>>;
type AllInfo = Awaited<ReturnType<EventStoreDBClient['getPersistentSubscriptionToAllInfo']>>;
type Info = StreamInfo | AllInfo;

/** What a group reads in one go must be less than it keeps. */
const READ_AT_ONCE = 20;

/** Persistent subscriptions over EventStoreDB's protocol. */
export class StoredGroups implements PersistentSubscriptions {
  constructor(private readonly connection: Connection) {}

  async create({ source, group }: GroupName, settings: GroupSettings, start: GroupStart): Promise<void> {
    const common = commonOf(settings);
    await this.ask(group, (client) =>
      'stream' in source
        ? client.createPersistentSubscriptionToStream(
            source.stream,
            group,
            persistentSubscriptionToStreamSettingsFromDefaults({ ...common, startFrom: revisionOf(start) }),
          )
        : client.createPersistentSubscriptionToAll(
            group,
            persistentSubscriptionToAllSettingsFromDefaults({ ...common, startFrom: positionOf(start) }),
            { filter: streamNameFilter({ prefixes: [source.allWithPrefix] }) },
          ),
    );
  }

  async update({ source, group }: GroupName, changes: Partial<GroupSettings>): Promise<void> {
    const info = await this.info({ source, group });
    const common = commonOf({ ...settingsOf(info), ...changes });
    await this.ask(group, (client) =>
      'stream' in source
        ? client.updatePersistentSubscriptionToStream(source.stream, group, {
            ...(info as StreamInfo).settings,
            ...common,
          })
        : client.updatePersistentSubscriptionToAll(group, { ...(info as AllInfo).settings, ...common }),
    );
  }

  async delete({ source, group }: GroupName): Promise<void> {
    await this.ask(group, (client) =>
      'stream' in source
        ? client.deletePersistentSubscriptionToStream(source.stream, group)
        : client.deletePersistentSubscriptionToAll(group),
    );
  }

  async get(name: GroupName): Promise<GroupState> {
    const info = await this.info(name);
    return stateOf(info, await this.parkedCount(name, info));
  }

  async list(source: GroupSource): Promise<GroupState[]> {
    try {
      const found = await this.ask<Info[]>('', (client) =>
        'stream' in source
          ? client.listPersistentSubscriptionsToStream(source.stream)
          : client.listPersistentSubscriptionsToAll(),
      );
      const states = found.map(async (info) =>
        stateOf(info, await this.parkedCount({ source, group: info.groupName }, info)),
      );
      return (await Promise.all(states)).sort((a, b) => (a.group < b.group ? -1 : 1));
    } catch (error) {
      // So it says that there is none at all.
      if (error instanceof GroupAbsent) return [];
      throw error;
    }
  }

  async parked(name: GroupName, from: number, count: number): Promise<ParkedMessage[]> {
    await this.info(name);
    return this.parkedOf(name).list(from, count);
  }

  async retryParked(name: GroupName, which: ParkedChoice): Promise<number> {
    await this.info(name);
    const { count, before } = await this.parkedOf(name).toTheFront(which);
    if (count > 0) await this.replay(name, before);
    return count;
  }

  async dropParked(name: GroupName, which: ParkedChoice): Promise<number> {
    await this.info(name);
    return this.parkedOf(name).drop(which);
  }

  /** As far as the login may not read what is parked, the store's own count. */
  private async parkedCount(name: GroupName, { stats }: Info): Promise<number> {
    try {
      return await this.parkedOf(name).count();
    } catch (error) {
      if (!(error instanceof GroupsDenied)) throw error;
      return Math.max(0, Number(stats.parkedMessageCount));
    }
  }

  private parkedOf({ source, group }: GroupName): StoredParked {
    const stream = 'stream' in source ? source.stream : '$all';
    return new StoredParked(stream, group, (work) => this.ask(group, work));
  }

  private replay({ source, group }: GroupName, stopAt: number): Promise<void> {
    return this.ask(group, (client) =>
      'stream' in source
        ? client.replayParkedMessagesToStream(source.stream, group, { stopAt })
        : client.replayParkedMessagesToAll(group, { stopAt }),
    );
  }

  private info({ source, group }: GroupName): Promise<Info> {
    return this.ask<Info>(group, (client) =>
      'stream' in source
        ? client.getPersistentSubscriptionToStreamInfo(source.stream, group)
        : client.getPersistentSubscriptionToAllInfo(group),
    );
  }

  private async ask<T>(group: string, work: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    const client = await this.connection.current();
    try {
      return await within(
        work(client),
        ANSWER_WITHIN_MS,
        () => new StoreSilent('a request', ANSWER_WITHIN_MS),
      );
    } catch (error) {
      if (error instanceof PersistentSubscriptionExistsError) throw new GroupExists(group);
      if (error instanceof PersistentSubscriptionDoesNotExistError) throw new GroupAbsent(group);
      if (error instanceof PersistentSubscriptionFailedError) throw new GroupRefused(error.message);
      if (error instanceof AccessDeniedError) throw new GroupsDenied({ cause: error });
      const meant = meaning(error);
      if (meant instanceof Outage) this.connection.suspect();
      throw meant;
    }
  }
}

function commonOf({ maxRetries, messageTimeout, bufferSize, maxConsumers, strategy }: GroupSettings) {
  return {
    maxRetryCount: maxRetries,
    messageTimeout,
    historyBufferSize: bufferSize,
    liveBufferSize: bufferSize,
    readBatchSize: Math.min(READ_AT_ONCE, bufferSize - 1),
    maxSubscriberCount: maxConsumers === 0 ? UNBOUNDED : maxConsumers,
    consumerStrategyName: strategy,
  } satisfies Partial<PersistentSubscriptionToStreamSettings>;
}

function settingsOf({ settings }: Info): GroupSettings {
  const { maxSubscriberCount } = settings;
  return {
    maxRetries: settings.maxRetryCount,
    messageTimeout: settings.messageTimeout,
    bufferSize: settings.historyBufferSize,
    maxConsumers: maxSubscriberCount === UNBOUNDED ? 0 : maxSubscriberCount,
    strategy: settings.consumerStrategyName as GroupStrategy,
  };
}

function revisionOf(start: GroupStart): PersistentSubscriptionToStreamSettings['startFrom'] {
  if (start === 'beginning') return START;
  if (start === 'end') return END;
  if ('position' in start) throw new TypeError('A group on one stream begins at a revision.');
  return start.revision === 0 ? START : BigInt(start.revision);
}

function positionOf(start: GroupStart): PersistentSubscriptionToAllSettings['startFrom'] {
  if (start === 'beginning') return START;
  if (start === 'end') return END;
  if ('revision' in start) throw new TypeError('A group on all streams begins at a position.');
  return { ...start.position };
}

function startOf(from: Info['settings']['startFrom']): number | Position | undefined {
  if (from === START) return 0;
  if (from === END) return undefined;
  return typeof from === 'bigint' ? Number(from) : from;
}

function stateOf(info: Info, parked: number): GroupState {
  const { groupName, status, connections } = info;
  const stats: Partial<StreamInfo['stats'] & AllInfo['stats']> = info.stats;
  const revision = (value: bigint | undefined) => (value === undefined ? undefined : Number(value));
  return {
    group: groupName,
    settings: settingsOf(info),
    startFrom: startOf(info.settings.startFrom),
    isLive: status === 'Live',
    checkpoint: revision(stats.lastCheckpointedEventRevision) ?? stats.lastCheckpointedEventPosition,
    lastKnown: revision(stats.lastKnownEventRevision) ?? stats.lastKnownEventPosition,
    inFlight: stats.totalInFlightMessages!,
    retrying: stats.retryBufferCount!,
    parked,
    handedOut: Number(stats.totalItems),
    consumers: connections.map(({ username, connectionName, from, inFlightMessages }) => ({
      login: username,
      name: connectionName,
      address: from,
      inFlight: inFlightMessages,
    })),
  };
}
