import {
  EventStoreDBClient,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import { type SpawnedNode } from '../node/node-options';
import { spawnNode } from '../node/spawn-node';
import { KillRunReader } from './kill-run-reader';
import { KillRunWriter } from './kill-run-writer';

export interface KillRunOptions {
  readonly dataDir: string;
  readonly kills: number;
  readonly writers: number;
  readonly subscribers: number;
  /** How long the node lives between two kills, ms: from, to. */
  readonly lifetime: readonly [number, number];
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly progress?: (line: string) => void;
}

/** What a run found. Everything but the counts must be empty. */
export interface KillRunResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Median time from the restart to the first append acknowledged, ms. */
  readonly recoveryMs: number;
  readonly lost: string[];
  readonly doubled: string[];
  /** Events a subscriber did not see exactly once and in order. */
  readonly missedOrRepeated: string[];
  /** Events a persistent subscription never delivered. */
  readonly undelivered: string[];
}

const PREFIX = 'kill-run-';
const GROUP = 'kill-run';

/**
 * Kills a node with SIGKILL again and again while writers append and subscribers read, and compares in the end what
 * was acknowledged with what is there and what was seen.
 */
export async function killRun(options: KillRunOptions): Promise<KillRunResult> {
  const { dataDir, kills, lifetime, random } = options;
  let node = await spawnNode({ dataDir, port: 0, access: 'insecure' });
  const { port, connectionString } = node;
  const client = EventStoreDBClient.connectionString(connectionString);
  const filter = streamNameFilter({ prefixes: [PREFIX] });
  await client.createPersistentSubscriptionToAll(
    GROUP,
    persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
    { filter },
  );
  const writers = Array.from(
    { length: options.writers },
    (_, n) => new KillRunWriter(client, `${PREFIX}${n}`, n % 2 === 0),
  );
  const readers = Array.from(
    { length: options.subscribers },
    (_, n) => new KillRunReader(client, PREFIX, n === 0 ? `${PREFIX}0` : undefined, undefined),
  );
  const consumer = new KillRunReader(client, PREFIX, undefined, GROUP);
  const recoveries: number[] = [];
  const acknowledged = (): number => writers.reduce((sum, writer) => sum + writer.acknowledged, 0);

  for (let kill = 1; kill <= kills; kill += 1) {
    // Real time: a process is killed at any point of its work.
    await delay(lifetime[0] + random() * (lifetime[1] - lifetime[0]));
    process.kill(node.pid, 'SIGKILL');
    await node.exited;
    node = await restart(dataDir, port);
    const before = acknowledged();
    const restarted = performance.now();
    while (acknowledged() === before) await delay(1);
    recoveries.push(performance.now() - restarted);
    if (kill % 10 === 0) options.progress?.(`${kill} kills, ${acknowledged()} events acknowledged`);
  }

  await Promise.all(writers.map((writer) => writer.stop()));
  const total = acknowledged();
  const found = await readBack(client, writers);
  for (const reader of readers) await reader.until(reader.streamCount(writers), 30_000);
  await consumer.untilDistinct(total, 60_000);
  await Promise.all([...readers, consumer].map((reader) => reader.stop()));
  await client.dispose();
  await node.close();
  return {
    kills,
    acknowledged: total,
    recoveryMs: median(recoveries),
    ...found,
    missedOrRepeated: readers.flatMap((reader) => reader.faults(writers)),
    undelivered: consumer.undelivered(writers),
  };
}

async function restart(dataDir: string, port: number): Promise<SpawnedNode> {
  return spawnNode({ dataDir, port, access: 'insecure' });
}

async function readBack(
  client: EventStoreDBClient,
  writers: readonly KillRunWriter[],
): Promise<{ lost: string[]; doubled: string[] }> {
  const lost: string[] = [];
  const doubled: string[] = [];
  for (const writer of writers) {
    const counts = new Map<number, number>();
    if (writer.acknowledged > 0) {
      for await (const { event } of client.readStream<{ type: string; data: { n: number } }>(writer.stream)) {
        const { n } = event!.data;
        counts.set(n, (counts.get(n) ?? 0) + 1);
      }
    }
    for (let n = 0; n < writer.acknowledged; n += 1) {
      const count = counts.get(n) ?? 0;
      if (count === 0) lost.push(`${writer.stream} ${n}`);
      if (count > 1) doubled.push(`${writer.stream} ${n}`);
    }
  }
  return { lost, doubled };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
