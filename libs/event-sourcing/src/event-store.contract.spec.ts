import { binaryEvent, EventStoreDBClient } from '@eventstore/db-client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archive, ArchivedEventStore, ArchiveFolder } from './archive';
import { EventStoreDb } from './eventstoredb';
import { InMemoryEventStore } from './in-memory';
import { contractNode } from './testing/contract-node';
import { keepsTheContract } from './testing/event-store-contract';

describe('an event store over EventStoreDB’s protocol', () => {
  keepsTheContract(async () => {
    const node = await contractNode();
    const store = new EventStoreDb(node.url);
    const stranger = EventStoreDBClient.connectionString(node.url);
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

describe('an event store with an archive', () => {
  keepsTheContract(async () => {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-archive-'));
    const store = new InMemoryEventStore();
    const archive = await Archive.open(new ArchiveFolder(path), store);
    return {
      store: new ArchivedEventStore(store, archive, () => true),
      appendForeign: (stream, event) => Promise.resolve(store.appendForeign(stream, event)),
      close: async () => {
        await store.close();
        rmSync(path, { recursive: true });
      },
    };
  });
});
