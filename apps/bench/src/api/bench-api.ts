import { DAY, HOUR } from '@latchkey/platform';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningServer } from '../fleet/running-server';
import { makeLocks } from '../fleet/locks';
import { printRatios, type Sample } from '../ratios';
import { startChild, type Target } from './child';
import { appendedByCreate } from './appended-by-create';
import { Load, type NextRequest } from './load';

const LOCKS = 100;

/** How much is asked for in each round. */
const FULL = { rounds: 5, creates: 1_500, createsAlone: 300, reads: 3_000, pages: 400 };
const QUICK = { rounds: 3, creates: 300, createsAlone: 60, reads: 600, pages: 80 };

/**
 * The API under load, beside what it is compared with in the same run: Seam's in-memory fake of the same API, and bare
 * Fastify with as few statements and appends as the same answers need. Medians over the rounds.
 */
export async function benchApi({ quick = false } = {}): Promise<void> {
  const size = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'bench-api-'));
  const server = await RunningServer.start();
  const node = await spawnNode({ dataDir: join(folder, 'eventstore'), port: 0, access: 'insecure' });
  const fake = await startChild('fake-seam.js', [String(LOCKS)]);
  let bare: Target | undefined;
  try {
    const devices = await makeLocks(server, LOCKS);
    const ours = { url: server.url, apiKey: server.apiKey };
    await warmUp(
      ours,
      devices.map(({ deviceId }) => deviceId),
    );
    const { access_codes } = await server.api<{ access_codes: { access_code_id: string }[] }>(
      '/access_codes/list',
      { limit: 50 },
    );
    const listed = await server.api<{ devices: { device_id: string }[] }>('/devices/list');
    bare = await startChild('bare-server.js', [], {
      folder,
      eventStore: node.connectionString,
      codes: access_codes,
      devices: listed.devices,
      appended: appendedByCreate(),
    });
    const fakes = await locksOf(fake);
    const samples = new Map<string, Sample[]>();
    for (let round = 1; round <= size.rounds; round++) {
      const measured = await measure(size, {
        ours,
        bare,
        fake,
        devices: devices.map(({ deviceId }) => deviceId),
        fakeDevices: fakes,
        codes: access_codes.map(({ access_code_id }) => access_code_id),
        cpu: () => server.cpuSeconds(),
      });
      for (const [what, sample] of measured) samples.set(what, [...(samples.get(what) ?? []), sample]);
      process.stderr.write(`round ${round} of ${size.rounds}\n`);
    }
    printRatios(samples);
  } finally {
    bare?.close();
    fake.close();
    await server.stop();
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Called = Pick<Target, 'url' | 'apiKey'>;

interface Parties {
  readonly ours: Called;
  readonly bare: Called;
  readonly fake: Called;
  readonly devices: readonly string[];
  readonly fakeDevices: readonly string[];
  readonly codes: readonly string[];
  /** CPU seconds that the server's process has used. */
  readonly cpu: () => number;
}

/** One round: each kind of work on all who do it, one after the other, so that what else the machine does falls on all. */
async function measure(size: typeof FULL, parties: Parties): Promise<[string, Sample][]> {
  const { ours, bare, fake, devices, fakeDevices, codes } = parties;
  const rate = async (of: Called, connections: number, count: number, next: NextRequest) => {
    const load = new Load(of.url, of.apiKey, connections);
    try {
      return await load.run(count, next);
    } finally {
      await load.close();
    }
  };
  const cpuBefore = parties.cpu();
  const creates = await rate(ours, 32, size.creates, creating(devices));
  const cpuMs = ((parties.cpu() - cpuBefore) * 1000) / size.creates;
  const get = (index: number) => ({
    path: '/access_codes/get',
    body: { access_code_id: codes[index % codes.length]! },
  });
  const page = () => ({ path: '/access_codes/list', body: { limit: 50 } });
  const list = () => ({ path: '/devices/list', body: {} });
  return [
    [
      'create, 32 connections',
      {
        ours: creates,
        beside: await rate(fake, 32, size.creates, creating(fakeDevices)),
        name: 'in-memory fake',
      },
    ],
    ["the server's CPU for a create, ms", { ours: cpuMs }],
    [
      'create, 1 connection',
      {
        ours: await rate(ours, 1, size.createsAlone, creating(devices)),
        beside: await rate(bare, 1, size.createsAlone, creating(devices)),
        name: 'Fastify, two appends',
      },
    ],
    ['get a code', await besideBare(size.reads, get)],
    ['a page of 50 codes', await besideBare(size.pages, page)],
    [`${LOCKS} devices`, await besideBare(size.pages, list)],
  ];

  async function besideBare(count: number, next: NextRequest): Promise<Sample> {
    return {
      ours: await rate(ours, 8, count, next),
      beside: await rate(bare, 8, count, next),
      name: 'Fastify, one statement',
    };
  }
}

/** Time-bound codes without a PIN of their own, some days ahead. */
function creating(devices: readonly string[]): NextRequest {
  const from = Date.now() + 200 * HOUR;
  return (index) => {
    const startsAt = from + (index % 500) * HOUR;
    return {
      path: '/access_codes/create',
      body: {
        device_id: devices[index % devices.length]!,
        name: `Guest ${index}`,
        starts_at: new Date(startsAt).toISOString(),
        ends_at: new Date(startsAt + DAY).toISOString(),
      },
    };
  };
}

async function warmUp(of: Called, devices: readonly string[]): Promise<void> {
  const load = new Load(of.url, of.apiKey, 8);
  await load.run(200, creating(devices));
  await load.close();
}

async function locksOf(fake: Called): Promise<string[]> {
  const load = new Load(fake.url, fake.apiKey, 1);
  const { devices } = JSON.parse(await load.ask('/devices/list', {})) as {
    devices: { device_id: string; device_type: string }[];
  };
  await load.close();
  return devices.filter(({ device_type }) => device_type === 'august_lock').map(({ device_id }) => device_id);
}
