import { EventStoreDBClient } from '@eventstore/db-client';
import { EventStoreDb } from './eventstoredb';
import { contractNode } from './testing/contract-node';
import { keepsTheGroupContract } from './testing/persistent-subscriptions-contract';

describe('persistent subscriptions over EventStoreDB’s protocol', () => {
  keepsTheGroupContract(async () => {
    const node = await contractNode();
    const store = new EventStoreDb(node.url);
    const client = EventStoreDBClient.connectionString(node.url);
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
