import { EventStoreDBClient } from '@eventstore/db-client';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { join } from 'node:path';
import { median } from '../ratios';
import { machine, seconds, table } from '../report';
import { SeededFolder } from './seeded-folder';

const QUICK = { sizes: [500, 2_000], rounds: 1 };
const FULL = { sizes: [2_500, 10_000], rounds: 3 };
/** From so many codes on, half a million events, one round takes minutes and varies little. */
const ONE_ROUND_FROM = 50_000;

export interface RebuildOptions {
  readonly quick?: boolean;
  /** How many codes the larger log has; the smaller has a quarter of them. */
  readonly codes?: number;
  /** Codes that were only created have four events each, others ten. */
  readonly onlyCreated?: boolean;
}

/**
 * All views dropped and folded again from logs of two sizes, each beside a bare read of the same log, and how the time
 * grows from the smaller to the larger one.
 */
export async function benchRebuild({
  quick = false,
  codes,
  onlyCreated,
}: RebuildOptions = {}): Promise<void> {
  const { sizes, rounds: usual } = quick ? QUICK : FULL;
  const rounds = codes !== undefined && codes >= ONE_ROUND_FROM ? 1 : usual;
  const rebuilt: Rebuilt[] = [];
  for (const size of codes === undefined ? sizes : [Math.ceil(codes / 4), codes]) {
    rebuilt.push(await rebuild(size, { rounds, onlyCreated }));
  }
  table(
    [
      'codes',
      'events',
      'rebuilt, events/s',
      'bare readAll, events/s',
      'ratio',
      'spread',
      "the server's CPU",
      'peak memory',
      'start, built',
    ],
    rebuilt.map(({ codes, events, rounds, start }) => {
      const ratios = rounds.map((round) => round.read / round.rebuild);
      const rebuild = median(rounds.map((round) => round.rebuild));
      return [
        count(codes),
        count(events),
        `${count(events / rebuild)} (${rebuild.toFixed(1)} s)`,
        count(events / median(rounds.map((round) => round.read))),
        median(ratios).toFixed(2),
        `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
        `${median(rounds.map((round) => round.cpu)).toFixed(1)} s`,
        `${Math.round(Math.max(...rounds.map((round) => round.peak)) / 2 ** 20)} MB`,
        `${start.toFixed(1)} s`,
      ];
    }),
  );
  const [smaller, larger] = rebuilt as [Rebuilt, Rebuilt];
  const each = ({ rounds, events }: Rebuilt) => median(rounds.map((round) => round.rebuild)) / events;
  process.stdout.write(
    `time for an event, the larger log beside the smaller: ${(each(larger) / each(smaller)).toFixed(2)} (linear: 1)\n`,
  );
  process.stdout.write(`${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}; ${machine()}\n`);
}

interface Rebuilt {
  readonly codes: number;
  readonly events: number;
  readonly rounds: readonly Round[];
  /** With built views, s. */
  readonly start: number;
}

/** Seconds; those of the rebuild without what a start with built views takes. */
interface Round {
  readonly rebuild: number;
  readonly read: number;
  /** The server's own of the rebuild. */
  readonly cpu: number;
  /** Bytes. */
  readonly peak: number;
}

async function rebuild(
  codes: number,
  { rounds, onlyCreated }: { rounds: number; onlyCreated: boolean | undefined },
): Promise<Rebuilt> {
  const say = (what: string) => process.stderr.write(`${count(codes)} codes: ${what}\n`);
  const seeded = await SeededFolder.with(codes, say, { onlyCreated });
  try {
    say('a start with the views built');
    const built = await timedStart(seeded);
    const measured: Round[] = [];
    let events = 0;
    for (let round = 1; round <= rounds; round++) {
      seeded.dropViews();
      say(`the views are dropped, and rebuilt (${round} of ${rounds})`);
      const anew = await timedStart(seeded);
      say('the log is read');
      const read = await bareRead(seeded.folder);
      events = read.events;
      measured.push({
        rebuild: Math.max(anew.took - built.took, 0.001),
        cpu: anew.cpu - built.cpu,
        ...{ read: read.took, peak: anew.peak },
      });
    }
    return { codes, events, rounds: measured, start: built.took };
  } finally {
    seeded.remove();
  }
}

/** @returns how long it took until the server was ready, and its CPU until then, s; the most memory that it held, bytes */
async function timedStart(seeded: SeededFolder): Promise<{ took: number; cpu: number; peak: number }> {
  const { server, took } = await seeded.start();
  const [cpu, peak] = [server.cpuSeconds(), server.peakMemory()];
  await server.stop();
  return { took, cpu, peak };
}

/** @returns how many events there are, and how long reading them all takes, s */
async function bareRead(folder: string): Promise<{ events: number; took: number }> {
  const node = await spawnNode({ dataDir: join(folder, 'eventstore'), port: 0, access: 'insecure' });
  const client = EventStoreDBClient.connectionString(node.connectionString);
  try {
    let took = Number.POSITIVE_INFINITY;
    let events = 0;
    // The first time, what reads it is slow.
    for (let round = 0; round < 2; round++) {
      const begun = process.hrtime.bigint();
      events = 0;
      for await (const _ of client.readAll()) events++;
      took = Math.min(took, seconds(begun));
    }
    return { events, took };
  } finally {
    await client.dispose();
    await node.close();
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en-GB');
