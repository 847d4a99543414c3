import { binaryEvent, EventStoreDBClient } from '@eventstore/db-client';
import { EventStoreDb } from './eventstoredb';
import { InMemoryEventStore } from './in-memory';
import { TestNode } from './testing/counter';
import { keepsTheContract } from './testing/event-store-contract';

describe('an event store over EventStoreDB’s protocol', () => {
  keepsTheContract(async () => {
    const node = new TestNode();
    const url = await node.start();
    const store = new EventStoreDb(url);
    const stranger = EventStoreDBClient.connectionString(url);
    return {
      store,
      appendForeign: async (stream, event) =>
        void (await stranger.appendToStream(stream, binaryEvent(event))),
      close: async () => {
        await stranger.dispose();
        await store.close();
        await node.discard();
      },
    };
  });
});

describe('an event store in memory', () => {
  keepsTheContract(() => {
    const store = new InMemoryEventStore();
    return Promise.resolve({
      store,
      appendForeign: (stream, event) => Promise.resolve(store.appendForeign(stream, event)),
      close: () => store.close(),
    });
  });
});
