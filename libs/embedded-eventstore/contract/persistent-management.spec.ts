import {
  DISPATCH_TO_SINGLE,
  END,
  ErrorType,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionExistsError,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  PINNED,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { CreateReq } from '@eventstore/db-client/generated/persistent_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { status } from '@grpc/grpc-js';
import { eventually, Inbox, rejection } from './support/collect';
import { Consumer } from './support/consumers';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { exceptionOf, identifier, unary } from './support/raw-streams';
import { useTarget } from './support/target';

const settings = persistentSubscriptionToStreamSettingsFromDefaults;
const allSettings = persistentSubscriptionToAllSettingsFromDefaults;

describe('managing persistent subscriptions to a stream', () => {
  const target = useTarget();
  const create = (stream: string, group: string, changes: Parameters<typeof settings>[0] = {}) =>
    target().client.createPersistentSubscriptionToStream(stream, group, settings(changes));

  it('never takes one for another whose names together are the same', async () => {
    const stream = newStream('managed');
    await create(`${stream}::b`, 'c');

    expect(await rejection(create(stream, 'b::c'))).toBeInstanceOf(PersistentSubscriptionExistsError);
    expect(
      await rejection(target().client.getPersistentSubscriptionToStreamInfo(stream, 'b::c')),
    ).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    const info = await target().client.getPersistentSubscriptionToStreamInfo(`${stream}::b`, 'c');
    expect([info.eventSource, info.groupName]).toEqual([`${stream}::b`, 'c']);
  });

  it('creates one once', async () => {
    const stream = newStream('managed');
    await create(stream, 'group');
    await create(stream, 'other group');

    const error = await rejection(create(stream, 'group'));

    expect(error).toBeInstanceOf(PersistentSubscriptionExistsError);
    expect(error).toMatchObject({ streamName: stream, groupName: 'group' });
  });

  it('tells its settings as they were given', async () => {
    const stream = newStream('info');
    const given = settings({
      resolveLinkTos: true,
      extraStatistics: true,
      messageTimeout: 1_234,
      maxRetryCount: 3,
      checkPointAfter: 4_321,
      checkPointLowerBound: 7,
      checkPointUpperBound: 77,
      maxSubscriberCount: 5,
      liveBufferSize: 60,
      readBatchSize: 10,
      historyBufferSize: 50,
      startFrom: 12n,
      consumerStrategyName: PINNED,
    });

    await target().client.createPersistentSubscriptionToStream(stream, 'group', given);
    const info = await target().client.getPersistentSubscriptionToStreamInfo(stream, 'group');

    expect(info).toMatchObject({
      eventSource: stream,
      groupName: 'group',
      status: 'Live',
      settings: given,
      connections: [],
    });
    expect(info.stats).toMatchObject({
      parkedMessageCount: 0n,
      totalItems: 0n,
      totalInFlightMessages: 0,
      lastCheckpointedEventRevision: undefined,
    });
  });

  it.each([START, END, 3n] as const)('tells where it starts: %s', async (startFrom) => {
    const stream = newStream('starts');
    await create(stream, 'group', { startFrom });

    const info = await target().client.getPersistentSubscriptionToStreamInfo(stream, 'group');

    expect(info.settings.startFrom).toBe(startFrom);
  });

  it('tells who is connected and how far they are', async () => {
    const stream = newStream('connected');
    await create(stream, 'group', { startFrom: START, checkPointUpperBound: 2 });
    await target().client.appendToStream(stream, numberedFrom(0, 5));
    const subscription = target().client.subscribeToPersistentSubscriptionToStream(stream, 'group', {
      bufferSize: 4,
    });
    const inbox = new Inbox(subscription);
    await inbox.atLeast(4);
    await subscription.ack(inbox.items[0]!, inbox.items[1]!);
    await inbox.atLeast(5);

    const info = await eventually(
      () => target().client.getPersistentSubscriptionToStreamInfo(stream, 'group'),
      ({ stats }) => stats.lastCheckpointedEventRevision !== undefined,
    );

    expect(info.connections).toHaveLength(1);
    expect(info.connections[0]).toMatchObject({
      connectionName: expect.any(String) as string,
      availableSlots: 1,
      inFlightMessages: 3,
      totalItems: 5n,
    });
    expect(info.stats).toMatchObject({
      totalItems: 5n,
      totalInFlightMessages: 3,
      lastKnownEventRevision: 4n,
      lastCheckpointedEventRevision: 1n,
    });
    await inbox.close();
  });

  it('updates one, which keeps its place and drops its consumers', async () => {
    const stream = newStream('updated');
    await create(stream, 'group', { startFrom: START });
    const inbox = new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await inbox.confirmation();

    await target().client.updatePersistentSubscriptionToStream(
      stream,
      'group',
      settings({ startFrom: START, maxRetryCount: 2, consumerStrategyName: DISPATCH_TO_SINGLE }),
    );

    expect(await inbox.failure()).toMatchObject({
      type: ErrorType.PERSISTENT_SUBSCRIPTION_DROPPED,
      streamName: stream,
      groupName: 'group',
    });
    const info = await target().client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    expect(info.settings).toMatchObject({
      maxRetryCount: 2,
      consumerStrategyName: DISPATCH_TO_SINGLE,
    });
  });

  it('deletes one and drops its consumers', async () => {
    const stream = newStream('deleted');
    await create(stream, 'group');
    const inbox = new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await inbox.confirmation();

    await target().client.deletePersistentSubscriptionToStream(stream, 'group');

    expect(await inbox.failure()).toMatchObject({
      type: expect.stringMatching(/^persistent-subscription-/) as string,
    });
    const error = await rejection(target().client.getPersistentSubscriptionToStreamInfo(stream, 'group'));
    expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
  });

  it('begins again when one is created again under its old name', async () => {
    const stream = newStream('again');
    await target().client.appendToStream(stream, numberedFrom(0, 2));
    await create(stream, 'group', { startFrom: START, checkPointUpperBound: 1 });
    const first = await Consumer.join(target().client, { stream, group: 'group' });
    await first.atLeast(2);
    await eventually(
      () => target().client.getPersistentSubscriptionToStreamInfo(stream, 'group'),
      ({ stats }) => stats.lastCheckpointedEventRevision === 1n,
    );
    await first.close();

    await target().client.deletePersistentSubscriptionToStream(stream, 'group');
    await create(stream, 'group', { startFrom: START });
    const second = new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group'));

    expect(numbersOf(await second.atLeast(2))).toEqual([0, 1]);
    await second.close();
  });

  it('refuses what concerns a group that is not there', async () => {
    const { client } = target();
    const stream = newStream('absent');
    const reading = new Inbox(client.subscribeToPersistentSubscriptionToStream(stream, 'group'));

    const errors = [
      await rejection(client.updatePersistentSubscriptionToStream(stream, 'group', settings())),
      await rejection(client.deletePersistentSubscriptionToStream(stream, 'group')),
      await rejection(client.getPersistentSubscriptionToStreamInfo(stream, 'group')),
      await rejection(client.replayParkedMessagesToStream(stream, 'group')),
      await reading.failure(),
    ];

    for (const error of errors) {
      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({ streamName: stream, groupName: 'group' });
    }
  });

  it('refuses a read batch as large as the buffer', async () => {
    const error = await rejection(
      create(newStream('refused'), 'group', { readBatchSize: 20, historyBufferSize: 20 }),
    );

    expect(error).toMatchObject({
      type: ErrorType.PERSISTENT_SUBSCRIPTION_FAILED,
      code: status.INTERNAL,
      reason: expect.stringContaining('may not be greater than or equal to') as string,
    });
  });

  it('refuses a strategy that is not known', async () => {
    const request = new CreateReq();
    const options = new CreateReq.Options();
    const source = new CreateReq.StreamOptions();
    source.setStreamIdentifier(identifier(newStream('refused')));
    source.setStart(new Empty());
    options.setStream(source);
    options.setGroupName('group');
    const given = new CreateReq.Settings();
    given.setReadBatchSize(10);
    given.setHistoryBufferSize(20);
    given.setConsumerStrategy('Nobody');
    options.setSettings(given);
    request.setOptions(options);

    const error = await rejection(
      unary((done) => target().raw.persistentSubscriptions.create(request, done)),
    );

    expect(exceptionOf(error)).toBe('persistent-subscription-failed');
    expect(error.message).toContain('Consumer strategy Nobody does not exist.');
  });

  it('refuses one subscriber more than it allows', async () => {
    const stream = newStream('full');
    await create(stream, 'group', { maxSubscriberCount: 1 });
    const inbox = new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group'));
    await inbox.confirmation();

    const second = new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group'));

    expect(await second.failure()).toMatchObject({ type: ErrorType.MAXIMUM_SUBSCRIBERS_REACHED });
    await inbox.close();
  });

  it('holds to that when many come at once', async () => {
    const stream = newStream('rush');
    await create(stream, 'group', { maxSubscriberCount: 2 });

    const inboxes = Array.from(
      { length: 8 },
      () => new Inbox(target().client.subscribeToPersistentSubscriptionToStream(stream, 'group')),
    );
    await Promise.all(
      inboxes.map((inbox) =>
        inbox.until(() => inbox.confirmed || inbox.error !== undefined, 'an answer', true),
      ),
    );

    expect(inboxes.filter(({ error }) => error === undefined)).toHaveLength(2);
    await Promise.all(inboxes.map((inbox) => inbox.close()));
  });

  it('lists the groups of a stream, and refuses a stream that has none', async () => {
    const stream = newStream('listed');
    await create(stream, 'one');
    await create(stream, 'two');

    const groups = await target().client.listPersistentSubscriptionsToStream(stream);
    const error = await rejection(target().client.listPersistentSubscriptionsToStream(newStream('unlisted')));

    expect(groups.map(({ groupName }) => groupName).sort()).toEqual(['one', 'two']);
    expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
  });

  it('takes stream and group names of any letters', async () => {
    const stream = `${newStream('n')}/ü::日本`;
    await create(stream, 'größe::1');
    await target().client.appendToStream(stream, numbered(0));

    const info = await target().client.getPersistentSubscriptionToStreamInfo(stream, 'größe::1');

    expect(info).toMatchObject({ eventSource: stream, groupName: 'größe::1' });
  });
});

describe('managing persistent subscriptions to $all', () => {
  const target = useTarget();

  it('creates, tells, updates, lists and deletes', async () => {
    const { client } = target();
    const group = newStream('all-group');
    const { position } = await client.appendToStream(newStream('any'), numbered(0));

    await client.createPersistentSubscriptionToAll(group, allSettings({ startFrom: position! }), {
      filter: streamNameFilter({ prefixes: ['contract.'] }),
    });
    const again = await rejection(client.createPersistentSubscriptionToAll(group, allSettings()));
    const info = await client.getPersistentSubscriptionToAllInfo(group);
    await client.updatePersistentSubscriptionToAll(group, allSettings({ maxRetryCount: 2 }));
    const updated = await client.getPersistentSubscriptionToAllInfo(group);
    const listed = await client.listPersistentSubscriptionsToAll();
    const everything = await client.listAllPersistentSubscriptions();
    await client.deletePersistentSubscriptionToAll(group);
    const gone = await rejection(client.getPersistentSubscriptionToAllInfo(group));

    expect(again).toBeInstanceOf(PersistentSubscriptionExistsError);
    expect(info).toMatchObject({
      eventSource: '$all',
      groupName: group,
      settings: { startFrom: position! },
    });
    expect(updated.settings).toMatchObject({ maxRetryCount: 2, startFrom: END });
    expect(listed.map(({ groupName }) => groupName)).toContain(group);
    expect(everything.map(({ groupName }) => groupName)).toContain(group);
    expect(gone).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
  });

  it('refuses to start beyond the end of the log', async () => {
    const error = await rejection(
      target().client.createPersistentSubscriptionToAll(
        newStream('beyond'),
        allSettings({ startFrom: { commit: 1n << 60n, prepare: 1n << 60n } }),
      ),
    );

    expect(error).toMatchObject({ type: ErrorType.PERSISTENT_SUBSCRIPTION_FAILED });
  });
});
