import { EventStoreDBClient } from '@eventstore/db-client';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { collect } from './support/collect';
import { unary } from './support/raw-streams';
import { useTarget } from './support/target';

describe('what the server says of itself', () => {
  const target = useTarget();

  it('names the methods it supports, and its version', async () => {
    const answer = await unary<SupportedMethods>((done) =>
      target().raw.serverFeatures.getSupportedMethods(new Empty(), done),
    );

    expect(answer.getEventStoreServerVersion()).toMatch(/^2[34]\.\d+\.\d+/);
    const methods = answer
      .getMethodsList()
      .map((method) => `${method.getServiceName()}/${method.getMethodName()}`);
    expect(methods).toEqual(
      expect.arrayContaining([
        'event_store.client.streams.streams/read',
        'event_store.client.streams.streams/append',
        'event_store.client.streams.streams/batchappend',
        'event_store.client.streams.streams/delete',
        'event_store.client.streams.streams/tombstone',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/create',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/update',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/delete',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/read',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/getinfo',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/list',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/replayparked',
        'event_store.client.persistent_subscriptions.persistentsubscriptions/restartsubsystem',
        'event_store.client.users.users/create',
        'event_store.client.operations.operations/startscavenge',
        'event_store.client.operations.operations/stopscavenge',
        'event_store.client.gossip.gossip/read',
      ]),
    );
  });

  it('says that subscriptions to $all, with filters, are supported', async () => {
    const answer = await unary<SupportedMethods>((done) =>
      target().raw.serverFeatures.getSupportedMethods(new Empty(), done),
    );

    const create = answer
      .getMethodsList()
      .find(
        (method) => method.getServiceName().includes('persistent') && method.getMethodName() === 'create',
      );
    expect(create!.getFeaturesList()).toEqual(expect.arrayContaining(['stream', 'all']));
    const read = answer
      .getMethodsList()
      .find((method) => method.getServiceName().includes('streams') && method.getMethodName() === 'read');
    expect(read!.getFeaturesList()).toEqual(['position', 'events']);
  });

  it('gossips that it is the leader and alone', async () => {
    const answer = await unary<ClusterInfo>((done) => target().raw.gossip.read(new Empty(), done));

    const members = answer.getMembersList();
    expect(members).toHaveLength(1);
    expect(members[0]!.getState()).toBe(MemberInfo.VNodeState.LEADER);
    expect(members[0]!.getIsAlive()).toBe(true);
    expect(members[0]!.getHttpEndPoint()!.getPort()).toBe(Number(target().raw.address.split(':')[1]));
  });

  it('is found by a client that discovers it through gossip', async () => {
    const client = EventStoreDBClient.connectionString(
      target().connectionString.replace('esdb://', 'esdb+discover://'),
    );

    expect(await collect(client.readAll({ maxCount: 1 }))).toHaveLength(1);

    await client.dispose();
  });

  it('answers a ping over HTTP', async () => {
    const response = await fetch(`http://${target().raw.address}/ping`);

    expect(await response.json()).toMatchObject({ text: 'Ping request successfully handled' });
  });

  it('answers for its health over HTTP', async () => {
    const response = await fetch(`http://${target().raw.address}/health/live`);

    expect(response.status).toBe(204);
  });
});
