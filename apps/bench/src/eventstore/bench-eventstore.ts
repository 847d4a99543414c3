import { killRun, spawnNode } from '@latchkey/embedded-eventstore';
import { EventStoreDBClient } from '@eventstore/db-client';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareInserts } from './ceilings';
import { median, printTable, type Row } from './table';
import { appendInFlight, appendOneByOne, appendToSubscriber, consume, fill, readAll } from './workloads';

const IN_FLIGHT = 32;
const READ = 20_000;

/** What is measured in each round, on the node and on what bounds it. */
interface Measurement {
  readonly what: string;
  readonly target: string;
  readonly unit: string;
  readonly measure: (client: EventStoreDBClient, stream: string) => Promise<number>;
  /** The same on the stub is a ceiling. */
  readonly stub: boolean;
  /** What libsql reaches by itself. */
  readonly bare?: { readonly name: string; readonly measure: (folder: string) => number };
}

const ONE_BY_ONE: Measurement = {
  what: 'appends, one at a time',
  target: '1,500/s',
  unit: '/s',
  measure: (client) => appendOneByOne(client, 1500),
  stub: true,
  bare: { name: 'libsql', measure: (folder) => bareInserts(folder, 1000, 1) },
};

const MEASUREMENTS: readonly Measurement[] = [
  ONE_BY_ONE,
  {
    what: `appends, ${IN_FLIGHT} in flight`,
    target: '4,000/s',
    unit: '/s',
    measure: (client) => appendInFlight(client, 6000, IN_FLIGHT),
    stub: true,
    bare: {
      name: `libsql, ${IN_FLIGHT} a commit`,
      measure: (folder) => bareInserts(folder, 200, IN_FLIGHT),
    },
  },
  {
    what: 'readAll',
    target: '20,000/s',
    unit: 'events/s',
    measure: (client) => readAll(client, READ),
    stub: true,
  },
  {
    what: 'persistent subscription, acks',
    target: '8,000/s',
    unit: 'events/s',
    measure: (client, stream) => consume(client, stream, 15_000),
    stub: true,
  },
  {
    what: 'append to subscriber, p50',
    target: '< 1 ms',
    unit: 'ms',
    measure: (client) => appendToSubscriber(client, 1000),
    stub: false,
    bare: { name: 'a bare commit, ms', measure: (folder) => 1000 / bareInserts(folder, 1000, 1) },
  },
];

/** One measurement of a round. */
interface Sample {
  readonly node: number;
  readonly stub: number | undefined;
  readonly bare: number | undefined;
}

/**
 * Measures the embedded event store in a process of its own, through the real client, with fsync, and prints a table:
 * medians of five rounds (one where it is to be `quick`), beside each the ceilings measured in the same run.
 */
export async function benchEventStore(
  { quick = false } = {},
  print: (line: string) => void = console.log,
): Promise<void> {
  await bench(MEASUREMENTS, quick ? 1 : 5, print);
}

/** The same for single appends alone, in more rounds. */
export async function benchAppends(print: (line: string) => void = console.log): Promise<void> {
  await bench([ONE_BY_ONE], 15, print);
}

async function bench(
  measurements: readonly Measurement[],
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-eventstore-'));
  const stub = await startStub();
  const node = await spawnNode({ dataDir: join(folder, 'data'), port: 0, access: 'insecure' });
  try {
    const samples = measurements.map((): Sample[] => []);
    for (let round = 1; round <= rounds; round += 1) {
      const onStub = await connect(stub.connectionString);
      const onNode = await connect(node.connectionString);
      const stream = measurements.length > 1 ? await fill(onNode, READ) : '';
      for (const [index, { measure, bare, stub }] of measurements.entries()) {
        // One after the other, so that whatever else the machine does falls on all alike.
        samples[index]!.push({
          bare: bare?.measure(folder),
          stub: stub ? await measure(onStub, 'any') : undefined,
          node: await measure(onNode, stream),
        });
      }
      await Promise.all([onStub.dispose(), onNode.dispose()]);
      print(`round ${round} of ${rounds}`);
    }
    printTable(
      measurements.map((measurement, index) => row(measurement, samples[index]!)),
      print,
    );
  } finally {
    await node.close();
    stub.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function row({ what, target, unit, bare, stub }: Measurement, samples: readonly Sample[]): Row {
  const ceiling = (name: string, pick: (sample: Sample) => number | undefined) => ({
    name,
    value: median(samples.map((sample) => pick(sample) ?? Number.NaN)),
  });
  return {
    what,
    target,
    unit,
    measured: median(samples.map(({ node }) => node)),
    ceilings: [
      ...(bare ? [ceiling(bare.name, (sample) => sample.bare)] : []),
      ...(stub ? [ceiling('stub', (sample) => sample.stub)] : []),
    ],
  };
}

/** A client that has warmed up. */
async function connect(connectionString: string): Promise<EventStoreDBClient> {
  const client = EventStoreDBClient.connectionString(connectionString);
  await appendOneByOne(client, 200);
  return client;
}

/** Kills the node again and again under load and prints what was lost: nothing, it is to be hoped. */
export async function benchKills(kills = 200, print: (line: string) => void = console.log): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-kills-'));
  try {
    const result = await killRun({
      dataDir,
      kills,
      writers: 16,
      subscribers: 4,
      lifetime: [50, 500],
      random: Math.random,
      progress: print,
    });
    const { lost, doubled, missedOrRepeated, undelivered } = result;
    print(
      `${result.kills} kills, ${result.acknowledged} events acknowledged: ${lost.length} lost, ${doubled.length} doubled, ` +
        `${missedOrRepeated.length} subscribers with gaps, ${undelivered.length} not delivered; ` +
        `first append ${Math.round(result.recoveryMs)} ms after the restart`,
    );
    if (lost.length + doubled.length + missedOrRepeated.length + undelivered.length > 0) process.exitCode = 1;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function startStub(): Promise<{ connectionString: string; close: () => void }> {
  const child = fork(join(__dirname, 'stub-server.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', (code) => reject(new Error(`the stub ended with ${code}`)));
  });
  return { connectionString: `esdb://127.0.0.1:${port}?tls=false`, close: () => child.kill() };
}
