import { closeDatabase, openDatabase, type SqliteDatabase } from '../storage/database';
import { CommitQueue } from '../storage/commit-queue';
import { EventLog } from '../storage/event-log';
import { StreamMetadataReader } from '../streams/stream-metadata';
import { StreamReader } from '../streams/stream-reader';
import { StreamWriter } from '../streams/stream-writer';
import { type GroupDefinition } from './group-settings';
import { GroupRegistry } from './registry';
import { type SystemStreams } from './system-streams';

const now = (): number => 1_700_000_000_000;

/** A log whose disk can be made full. */
class FillingDisk extends CommitQueue {
  isFull = false;

  override submit<T>(work: () => T, bytes?: number): Promise<T> {
    const refused = (): T => {
      work();
      throw new Error('database or disk is full');
    };
    return super.submit(this.isFull ? refused : work, bytes);
  }
}

function definition(group: string, maxRetryCount = 1): GroupDefinition {
  return {
    stream: 'orders',
    group,
    filter: undefined,
    startFrom: 0,
    startAfter: -1,
    settings: {
      resolveLinks: false,
      extraStatistics: false,
      maxRetryCount,
      minCheckpointCount: 10,
      maxCheckpointCount: 100,
      checkpointAfter: 1_000,
      maxSubscriberCount: 0,
      liveBufferSize: 500,
      readBatchSize: 20,
      historyBufferSize: 500,
      messageTimeout: 30_000,
      strategy: 'RoundRobin',
    },
  };
}

describe('the registry of persistent subscriptions', () => {
  let db: SqliteDatabase;
  let disk: FillingDisk;
  let streams: SystemStreams;
  let registries: GroupRegistry[];

  beforeEach(() => {
    db = openDatabase(':memory:');
    const log = new EventLog(db, now);
    disk = new FillingDisk(log);
    const metadata = new StreamMetadataReader(log);
    streams = {
      log,
      commits: disk,
      reader: new StreamReader(log, metadata, now),
      writer: new StreamWriter(log, metadata),
      now,
      report: () => undefined,
    };
    registries = [];
  });
  afterEach(() => {
    for (const registry of registries) registry.close();
    closeDatabase(db);
  });

  /** The groups as a node that starts now would know them. */
  function started(): GroupRegistry {
    const registry = new GroupRegistry(streams);
    registries.push(registry);
    return registry;
  }
  const names = (registry: GroupRegistry) => registry.list().map((each) => each.definition.group);

  it('knows no group that could not be written, and takes it when it can', async () => {
    const registry = started();
    disk.isFull = true;

    await expect(registry.create(definition('a'), 'admin')).rejects.toThrow('full');
    expect(names(registry)).toEqual([]);

    disk.isFull = false;
    await registry.create(definition('a'), 'admin');
    expect(names(registry)).toEqual(['a']);
    expect(names(started())).toEqual(['a']);
  });

  it('keeps a group whose change or deletion could not be written', async () => {
    const registry = started();
    await registry.create(definition('a', 1), 'admin');
    disk.isFull = true;

    await expect(registry.update(definition('a', 9), 'admin')).rejects.toThrow('full');
    await expect(registry.delete('orders', 'a', 'admin')).rejects.toThrow('full');

    expect(registry.get('orders', 'a').definition.settings.maxRetryCount).toBe(1);
    expect(started().get('orders', 'a').definition.settings.maxRetryCount).toBe(1);
  });

  it('lets one of many that are created at once under one name be', async () => {
    const registry = started();

    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((retries) => registry.create(definition('a', retries), 'admin')),
    );

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(started().get('orders', 'a').definition.settings.maxRetryCount).toBe(1);
  });

  it('keeps those that are created at once under different names', async () => {
    const registry = started();

    await Promise.all(['a', 'b', 'c'].map((group) => registry.create(definition(group), 'admin')));
    await Promise.all([
      registry.delete('orders', 'b', 'admin'),
      registry.update(definition('a', 5), 'admin'),
    ]);

    expect(names(started())).toEqual(['a', 'c']);
    expect(names(registry).sort()).toEqual(['a', 'c']);
  });
});
