import persistent, { type CreateReq, type UpdateReq } from '@eventstore/db-client/generated/persistent_pb';
import { ALL_STREAM } from '../access/caller';
import { storable, streamNameFrom } from '../protocol/names';
import { invalidArgument, unhandled } from '../protocol/rpc-error';
import { type EventLog } from '../storage/event-log';
import { numberFrom } from '../streams/read-request';
import { groupFailed } from './errors';
import { filterOf } from './event-source';
import {
  type FilterDefinition,
  type GroupDefinition,
  type GroupSettings,
  type StrategyName,
} from './group-settings';

type Settings = CreateReq.Settings | UpdateReq.Settings;
type StreamOptions = CreateReq.StreamOptions | UpdateReq.StreamOptions;
type AllOptions = CreateReq.AllOptions | UpdateReq.AllOptions;

const TICKS_PER_MS = 10_000;

/** What a request to create or update a group asks for. @throws RpcError when it cannot be read */
export function definitionFrom(request: CreateReq | UpdateReq, log: EventLog): GroupDefinition {
  const options = request.getOptions();
  const settings = options?.getSettings();
  if (!options || !settings) throw unhandled();
  const all = options.getAll();
  const group = storable(options.getGroupName(), 'The name of a group');
  const target = all ? fromAll(all, log) : fromStream(options.getStream(), options, settings, log);
  if (!all && target.stream === ALL_STREAM) {
    throw groupFailed(
      ALL_STREAM,
      group,
      'Persistent subscriptions to $all are only supported over gRPC through gRPC clients',
    );
  }
  return { ...target, group, settings: settingsFrom(settings) };
}

type Target = Pick<GroupDefinition, 'stream' | 'filter' | 'startFrom' | 'startAfter'>;

function fromAll(all: AllOptions, log: EventLog): Target {
  const filter = 'getFilter' in all ? filterFrom(all.getFilter()) : undefined;
  const position = all.getPosition();
  if (!position && !all.hasStart() && !all.hasEnd()) throw invalidArgument("'None' is not a valid position");
  const from = position ? numberFrom(position.getCommitPosition()) : all.hasEnd() ? 'end' : 'start';
  const base = { stream: ALL_STREAM, filter };
  if (from === 'end') return { ...base, startFrom: -1, startAfter: log.lastPosition };
  if (from === 'start' || from === 0) return { ...base, startFrom: 0, startAfter: 0 };
  return { ...base, startFrom: from, startAfter: from - 1 };
}

/** Older clients name the stream and the revision elsewhere. */
function fromStream(
  stream: StreamOptions | undefined,
  options: { getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined },
  settings: Settings,
  log: EventLog,
): Target {
  const name = streamNameOf(stream ?? options);
  if (stream && !stream.hasStart() && !stream.hasEnd() && !stream.hasRevision()) {
    throw invalidArgument("'None' is not a valid revision");
  }
  const revision = !stream ? settings.getRevision() : stream.hasRevision() ? stream.getRevision() : undefined;
  const from = revision !== undefined ? numberFrom(revision) : stream?.hasEnd() ? 'end' : 0;
  const base = { stream: name, filter: undefined };
  if (typeof from === 'number') {
    const isExact = revision === undefined || Number.isSafeInteger(Number(revision));
    return { ...base, startFrom: isExact ? from : revision, startAfter: from - 1 };
  }
  return { ...base, startFrom: -1, startAfter: log.head(name)?.lastRevision ?? -1 };
}

/** @throws RpcError when no stream is named */
export function streamNameOf(message: {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
}): string {
  const name = streamNameFrom(message.getStreamIdentifier()?.getStreamName_asU8());
  if (name === '') throw unhandled();
  return name;
}

function filterFrom(options: CreateReq.AllOptions.FilterOptions | undefined): FilterDefinition | undefined {
  if (!options) return undefined;
  const stream = options.getStreamIdentifier();
  const expression = stream ?? options.getEventType();
  if (!expression) throw invalidArgument('A filter must be on the stream name or on the event type.');
  const filter: FilterDefinition = {
    on: stream ? 'stream' : 'type',
    regex: expression.getRegex(),
    prefixes: expression.getPrefixList(),
  };
  filterOf(filter);
  return filter;
}

function settingsFrom(settings: Settings): GroupSettings {
  return {
    resolveLinks: settings.getResolveLinks(),
    extraStatistics: settings.getExtraStatistics(),
    maxRetryCount: settings.getMaxRetryCount(),
    minCheckpointCount: settings.getMinCheckpointCount(),
    maxCheckpointCount: settings.getMaxCheckpointCount(),
    checkpointAfter: settings.hasCheckpointAfterMs()
      ? settings.getCheckpointAfterMs()
      : Math.floor(Number(settings.getCheckpointAfterTicks()) / TICKS_PER_MS),
    maxSubscriberCount: settings.getMaxSubscriberCount(),
    liveBufferSize: settings.getLiveBufferSize(),
    readBatchSize: settings.getReadBatchSize(),
    historyBufferSize: settings.getHistoryBufferSize(),
    messageTimeout: settings.hasMessageTimeoutMs()
      ? settings.getMessageTimeoutMs()
      : Math.floor(Number(settings.getMessageTimeoutTicks()) / TICKS_PER_MS),
    strategy: strategyFrom(settings),
  };
}

/** Newer clients send the strategy's name, older ones its number. Whether there is such a strategy is seen later. */
function strategyFrom(settings: Settings): StrategyName {
  const name = 'getConsumerStrategy' in settings ? settings.getConsumerStrategy() : '';
  if (name !== '') return name as StrategyName;
  switch (settings.getNamedConsumerStrategy() as number) {
    case persistent.CreateReq.ConsumerStrategy.DISPATCHTOSINGLE as number:
      return 'DispatchToSingle';
    case persistent.CreateReq.ConsumerStrategy.PINNED as number:
      return 'Pinned';
    default:
      return 'RoundRobin';
  }
}
