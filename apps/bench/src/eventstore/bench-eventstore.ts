import { killRun, spawnNode } from '@latchkey/embedded-eventstore';
import { EventStoreDBClient } from '@eventstore/db-client';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareInserts } from './ceilings';
import { median, printTable } from './table';
import { appendInFlight, appendOneByOne, appendToSubscriber, consume, fill, readAll } from './workloads';

const ROUNDS = 5;
const IN_FLIGHT = 32;

interface Figures {
  readonly oneByOne: number;
  readonly inFlight: number;
  readonly readAll: number;
  readonly consume: number;
  readonly latency: number;
}

/**
 * Measures the embedded event store in a process of its own, through the real client, with fsync, and prints a table:
 * medians of five rounds, beside each the ceilings measured in the same run.
 */
export async function benchEventStore(print: (line: string) => void = console.log): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-eventstore-'));
  const stub = await startStub();
  const node = await spawnNode({ dataDir: join(folder, 'data'), port: 0 });
  try {
    const rounds: { node: Figures; stub: Figures; bareSingle: number; bareGroup: number }[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      // One after the other in each round, so that whatever else the machine does falls on all alike.
      rounds.push({
        bareSingle: bareInserts(folder, 1000, 1),
        bareGroup: bareInserts(folder, 200, IN_FLIGHT),
        stub: await measure(stub.connectionString, true),
        node: await measure(node.connectionString, false),
      });
      print(`round ${round} of ${ROUNDS}`);
    }
    const middle = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
    printTable(
      [
        {
          what: 'appends, one at a time',
          target: '1,500/s',
          measured: middle(({ node }) => node.oneByOne),
          unit: '/s',
          ceilings: [
            { name: 'libsql', value: middle(({ bareSingle }) => bareSingle) },
            { name: 'stub', value: middle(({ stub }) => stub.oneByOne) },
          ],
        },
        {
          what: `appends, ${IN_FLIGHT} in flight`,
          target: '4,000/s',
          measured: middle(({ node }) => node.inFlight),
          unit: '/s',
          ceilings: [
            { name: `libsql, ${IN_FLIGHT} a commit`, value: middle(({ bareGroup }) => bareGroup) },
            { name: 'stub', value: middle(({ stub }) => stub.inFlight) },
          ],
        },
        {
          what: 'readAll',
          target: '20,000/s',
          measured: middle(({ node }) => node.readAll),
          unit: 'events/s',
          ceilings: [{ name: 'stub', value: middle(({ stub }) => stub.readAll) }],
        },
        {
          what: 'persistent subscription, acks',
          target: '8,000/s',
          measured: middle(({ node }) => node.consume),
          unit: 'events/s',
          ceilings: [{ name: 'stub', value: middle(({ stub }) => stub.consume) }],
        },
        {
          what: 'append to subscriber, p50',
          target: '< 1 ms',
          measured: middle(({ node }) => node.latency),
          unit: 'ms',
          ceilings: [{ name: 'a bare commit, ms', value: 1000 / middle(({ bareSingle }) => bareSingle) }],
        },
      ],
      print,
    );
  } finally {
    await node.close();
    stub.close();
    rmSync(folder, { recursive: true, force: true });
  }
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

async function measure(connectionString: string, isStub: boolean): Promise<Figures> {
  const client = EventStoreDBClient.connectionString(connectionString);
  try {
    await appendOneByOne(client, 200);
    const oneByOne = await appendOneByOne(client, 1500);
    const inFlight = await appendInFlight(client, 6000, IN_FLIGHT);
    const stream = isStub ? 'any' : await fill(client, 20_000);
    return {
      oneByOne,
      inFlight,
      readAll: await readAll(client, 20_000),
      consume: await consume(client, stream, 15_000),
      latency: isStub ? Number.NaN : await appendToSubscriber(client, 1000),
    };
  } finally {
    await client.dispose();
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
