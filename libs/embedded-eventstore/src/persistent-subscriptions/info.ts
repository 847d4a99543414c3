import { SubscriptionInfo } from '@eventstore/db-client/generated/persistent_pb';
import { ALL_STREAM } from '../access/caller';
import { type Consumer } from './consumer';
import { type SubscriptionGroup } from './subscription-group';

/** What clients are told of a group. */
export function subscriptionInfo(group: SubscriptionGroup, now: number): SubscriptionInfo {
  const { definition, progress, counts } = group;
  const { settings } = definition;
  const seconds = Math.max(1, (now - group.startedAt) / 1000);
  const info = new SubscriptionInfo();
  info.setEventSource(definition.stream);
  info.setGroupName(definition.group);
  info.setStatus(group.isLive ? 'Live' : 'Behind');
  info.setAveragePerSecond(Math.floor(group.totalItems / seconds));
  info.setTotalItems(String(group.totalItems));
  info.setCountSinceLastMeasurement(String(group.totalItems - group.measuredItems));
  group.measuredItems = group.totalItems;
  info.setLastCheckpointedEventPosition(placeText(definition.stream, progress.lastCheckpoint));
  info.setLastKnownEventPosition(placeText(definition.stream, progress.lastKnown));
  info.setResolveLinkTos(settings.resolveLinks);
  info.setStartFrom(placeText(definition.stream, definition.startFrom));
  info.setMessageTimeoutMilliseconds(settings.messageTimeout);
  info.setExtraStatistics(settings.extraStatistics);
  info.setMaxRetryCount(settings.maxRetryCount);
  info.setLiveBufferSize(settings.liveBufferSize);
  info.setBufferSize(settings.historyBufferSize);
  info.setReadBatchSize(settings.readBatchSize);
  info.setCheckPointAfterMilliseconds(settings.checkpointAfter);
  info.setMinCheckPointCount(settings.minCheckpointCount);
  info.setMaxCheckPointCount(settings.maxCheckpointCount);
  info.setReadBufferCount(counts.ahead);
  info.setLiveBufferCount('0');
  info.setRetryBufferCount(counts.retries);
  info.setTotalInFlightMessages(counts.inFlight);
  info.setOutstandingMessagesCount(counts.outstanding);
  info.setNamedConsumerStrategy(settings.strategy);
  info.setMaxSubscriberCount(settings.maxSubscriberCount);
  info.setParkedMessageCount(String(group.parked.count));
  info.setConnectionsList(group.consumers.map((consumer) => connectionInfo(consumer, seconds)));
  return info;
}

function connectionInfo(consumer: Consumer, seconds: number): SubscriptionInfo.ConnectionInfo {
  const info = new SubscriptionInfo.ConnectionInfo();
  info.setFrom(consumer.identity.from);
  info.setUsername(consumer.identity.user);
  info.setConnectionName(consumer.identity.connectionName);
  info.setAverageItemsPerSecond(Math.floor(consumer.totalItems / seconds));
  info.setTotalItems(String(consumer.totalItems));
  info.setCountSinceLastMeasurement(String(consumer.totalItems - consumer.measuredItems));
  consumer.measuredItems = consumer.totalItems;
  info.setAvailableSlots(consumer.availableSlots);
  info.setInFlightMessages(consumer.inFlight.size);
  for (const [name, ms] of consumer.times?.measurements() ?? []) {
    const measurement = new SubscriptionInfo.Measurement();
    measurement.setKey(name);
    measurement.setValue(String(ms));
    info.addObservedMeasurements(measurement);
  }
  return info;
}

function placeText(stream: string, place: number | string | undefined): string {
  if (place === undefined) return '';
  return stream === ALL_STREAM ? `C:${place}/P:${place}` : String(place);
}
