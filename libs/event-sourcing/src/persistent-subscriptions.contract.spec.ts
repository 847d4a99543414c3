import { EventStoreDBClient } from '@eventstore/db-client';
import { EventStoreDb } from './eventstoredb';
import { TestNode } from './testing/counter';
import { keepsTheGroupContract } from './testing/persistent-subscriptions-contract';

describe('persistent subscriptions over EventStoreDB’s protocol', () => {
  keepsTheGroupContract(async () => {
    const node = new TestNode();
    const url = await node.start();
    const store = new EventStoreDb(url);
    const client = EventStoreDBClient.connectionString(url);
    return {
      store,
      groups: store.persistent,
      client,
      close: async () => {
        await client.dispose();
        await store.close();
        await node.discard();
      },
    };
  });
});
