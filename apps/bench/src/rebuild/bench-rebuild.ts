import { EventStoreDBClient } from '@eventstore/db-client';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLocks } from '../fleet/locks';
import { RunningServer } from '../fleet/running-server';
import { seconds, table } from '../report';
import { seedCodes, type SeededLock } from './seed';

const CODES_ON_A_LOCK = 100;
const QUICK = [500, 2_000];
const FULL = [2_500, 10_000];

export interface RebuildOptions {
  readonly quick?: boolean;
  /** How many codes the larger log has; the smaller has a quarter of them. */
  readonly codes?: number;
}

/**
 * All views dropped and folded anew from logs of two sizes, each beside a bare read of the same log, and how the time
 * grows from the smaller to the larger one.
 */
export async function benchRebuild({ quick = false, codes }: RebuildOptions = {}): Promise<void> {
  const sizes = codes === undefined ? (quick ? QUICK : FULL) : [Math.ceil(codes / 4), codes];
  const rebuilt: Rebuilt[] = [];
  for (const size of sizes) rebuilt.push(await rebuild(size));
  table(
    [
      'codes',
      'events',
      'rebuilt, events/s',
      'bare readAll, events/s',
      'ratio',
      "the server's CPU",
      'peak memory',
      'start, built',
    ],
    rebuilt.map((one) => [
      count(one.codes),
      count(one.events),
      `${count(one.events / one.rebuild)} (${one.rebuild.toFixed(1)} s)`,
      count(one.events / one.read),
      (one.read / one.rebuild).toFixed(2),
      `${one.cpu.toFixed(1)} s`,
      `${Math.round(one.peak / 2 ** 20)} MB`,
      `${one.start.toFixed(1)} s`,
    ]),
  );
  const [smaller, larger] = rebuilt as [Rebuilt, Rebuilt];
  const growth = larger.rebuild / larger.events / (smaller.rebuild / smaller.events);
  process.stdout.write(
    `time for an event, the larger log beside the smaller: ${growth.toFixed(2)} (linear: 1)\n`,
  );
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}\n`,
  );
}

interface Rebuilt {
  readonly codes: number;
  readonly events: number;
  /** s, without what a start with built views takes. */
  readonly rebuild: number;
  readonly read: number;
  readonly start: number;
  /** The server's own of a rebuild, s, counted as `rebuild` is. */
  readonly cpu: number;
  /** Bytes. */
  readonly peak: number;
}

async function rebuild(codes: number): Promise<Rebuilt> {
  const say = (what: string) => process.stderr.write(`${count(codes)} codes: ${what}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const given = { folder, apiKey: `seam_${randomUUID()}` };
  try {
    const { locks, now } = await connectLocks(given, Math.ceil(codes / CODES_ON_A_LOCK));
    let told = 0;
    const progress = (written: number) => {
      if (written < told + codes / 4) return;
      told = written;
      say(`${count(written)} written`);
    };
    await seedCodes(folder, locks, { codes, now, progress });
    // What integrations are told of these codes is appended once, and is there when the views are folded anew.
    say('the views are built for the first time');
    await timedStart(given);
    dropViews(folder);
    say('the views are dropped, and built anew');
    const anew = await timedStart(given);
    say('a start with the views built');
    const built = await timedStart(given);
    say('the log is read');
    const { events, read } = await bareRead(folder);
    const [took, cpu] = [anew.took - built.took, anew.cpu - built.cpu];
    return { codes, events, rebuild: Math.max(took, 0.001), read, start: built.took, cpu, peak: anew.peak };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Given = { readonly folder: string; readonly apiKey: string };

async function connectLocks(given: Given, count: number): Promise<{ locks: SeededLock[]; now: number }> {
  const server = await RunningServer.start(given);
  try {
    const made = await makeLocks(server, count);
    const accounts = await server.api<{ devices: Listed[] }>('/devices/list', { limit: 1 });
    const { workspace_id: workspaceId, connected_account_id: accountId } = accounts.devices[0]!;
    const { clock } = await server.api<{ clock: { now: string } }>('/sandbox/clock/get');
    const locks = made.map(({ deviceId, native }) => ({ deviceId, native, accountId, workspaceId }));
    return { locks, now: Date.parse(clock.now) };
  } finally {
    await server.stop();
  }
}

interface Listed {
  readonly workspace_id: string;
  readonly connected_account_id: string;
}

/** @returns how long it took until the server was ready, and its CPU until then, s; the most memory that it held, bytes */
async function timedStart(given: Given): Promise<{ took: number; cpu: number; peak: number }> {
  const begun = process.hrtime.bigint();
  const server = await RunningServer.start(given);
  const took = seconds(begun);
  const [cpu, peak] = [server.cpuSeconds(), server.peakMemory()];
  await server.stop();
  return { took, cpu, peak };
}

function dropViews(folder: string): void {
  for (const file of readdirSync(folder)) {
    if (/^(views|feed|audit)\.db/.test(file)) rmSync(join(folder, file));
  }
}

/** @returns how many events there are, and how long reading them all takes, s */
async function bareRead(folder: string): Promise<{ events: number; read: number }> {
  const node = await spawnNode({ dataDir: join(folder, 'eventstore'), port: 0, access: 'insecure' });
  const client = EventStoreDBClient.connectionString(node.connectionString);
  try {
    let read = Number.POSITIVE_INFINITY;
    let events = 0;
    for (let round = 0; round < 3; round++) {
      const begun = process.hrtime.bigint();
      events = 0;
      for await (const _ of client.readAll()) events++;
      read = Math.min(read, seconds(begun));
    }
    return { events, read };
  } finally {
    await client.dispose();
    await node.close();
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en-GB');
