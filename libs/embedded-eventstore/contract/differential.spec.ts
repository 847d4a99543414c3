import { randomUUID } from 'node:crypto';
import {
  type AppendExpectedRevision,
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  type ReadRevision,
  START,
} from '@eventstore/db-client';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode, startNode } from '../src';
import { collect } from './support/collect';
import { range } from './support/events';

/** One call, on one of a few streams, made alike to both nodes. What it answers is compared. */
type Call = (client: EventStoreDBClient, names: Names) => Promise<unknown>;

/** Names that are new in every run: streams, and for each of them a few event ids to be repeated. */
interface Names {
  readonly streams: readonly string[];
  readonly ids: readonly (readonly string[])[];
}

const STREAMS = 3;
const stream = fc.nat(STREAMS - 1);
const expectation = fc.constantFrom<AppendExpectedRevision[]>(
  'any',
  'no_stream',
  'stream_exists',
  0n,
  1n,
  2n,
  3n,
  5n,
);
/** A delete cannot say stream_exists: the client fails to write it. */
const deletion = fc.constantFrom('any' as const, 'no_stream' as const, 0n, 1n, 2n);
const metadata = fc.constantFrom(
  {},
  { maxCount: 1 },
  { maxCount: 3 },
  { truncateBefore: 2 },
  { maxCount: 2, truncateBefore: 1 },
  { maxAge: 1_000 },
  { owner: 'me' },
);

const appending: fc.Arbitrary<Call> = fc
  .tuple(stream, expectation, fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }))
  .map(([s, expectedRevision, ids]) => async (client, names) => {
    const events = ids.map((i) => jsonEvent({ id: names.ids[s]![i]!, type: 'Any', data: { i } }));
    const result = await client.appendToStream(names.streams[s]!, events, { expectedRevision });
    return result.nextExpectedRevision;
  });

const linking: fc.Arbitrary<Call> = fc
  .tuple(stream, stream, fc.nat(3))
  .map(([s, to, revision]) => async (client, names) => {
    const link = binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${names.streams[to]}`) });
    return (await client.appendToStream(names.streams[s]!, link)).nextExpectedRevision;
  });

const deleting: fc.Arbitrary<Call> = fc
  .tuple(stream, deletion)
  .map(([s, expectedRevision]) => async (client, names) => {
    await client.deleteStream(names.streams[s]!, { expectedRevision });
    return 'deleted';
  });

const tombstoning: fc.Arbitrary<Call> = fc
  .tuple(stream, deletion)
  .map(([s, expectedRevision]) => async (client, names) => {
    await client.tombstoneStream(names.streams[s]!, { expectedRevision });
    return 'tombstoned';
  });

const describing: fc.Arbitrary<Call> = fc
  .tuple(stream, metadata, deletion)
  .map(([s, given, expectedRevision]) => async (client, names) => {
    const result = await client.setStreamMetadata(names.streams[s]!, given, { expectedRevision });
    return result.nextExpectedRevision;
  });

const reading: fc.Arbitrary<Call> = fc
  .tuple(
    stream,
    fc.boolean(),
    fc.constantFrom<(ReadRevision | undefined)[]>(undefined, START, 0n, 1n, 2n, 7n),
    fc.constantFrom(1, 2, 100),
    fc.boolean(),
  )
  .map(([s, backwards, from, maxCount, resolveLinkTos]) => async (client, names) => {
    const events = await collect(
      client.readStream(names.streams[s]!, {
        direction: backwards ? BACKWARDS : FORWARDS,
        fromRevision: from ?? (backwards ? END : START),
        maxCount,
        resolveLinkTos,
      }),
    );
    return events.map(({ event, link }) => [event?.streamId, event?.revision, event?.type, link?.revision]);
  });

const call = fc.oneof(
  { weight: 10, arbitrary: appending },
  { weight: 4, arbitrary: reading },
  { weight: 2, arbitrary: describing },
  { weight: 2, arbitrary: deleting },
  { weight: 1, arbitrary: linking },
  { weight: 1, arbitrary: tombstoning },
);

/** What a call came to, in a form that can be compared; of an error, what kind it is. */
async function outcome(made: Promise<unknown>): Promise<unknown> {
  try {
    return await made;
  } catch (error) {
    const { type, expectedVersion, actualVersion } = error as Record<string, unknown>;
    return { type, expectedVersion, actualVersion };
  }
}

const url = process.env.EVENTSTORE_TEST_URL ?? '';
// Needs a real server to compare with, which nothing in this repository can start.
const withRealServer = url === '' ? describe.skip : describe;

withRealServer('the embedded node and a real server, given the same calls', () => {
  let dataDir: string;
  let node: RunningNode;
  let embedded: EventStoreDBClient;
  let real: EventStoreDBClient;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-differential-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    embedded = EventStoreDBClient.connectionString(node.connectionString);
    real = EventStoreDBClient.connectionString(url);
  });
  afterAll(async () => {
    await Promise.all([embedded.dispose(), real.dispose()]);
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('answer alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 15 }), async (calls) => {
        const names: Names = {
          streams: range(STREAMS).map((n) => `contract.differential-${randomUUID()}-${n}`),
          ids: range(STREAMS).map(() => range(8).map(() => randomUUID())),
        };
        const reads = range(STREAMS).map(
          (n): Call =>
            (client) =>
              readWhole(client, names.streams[n]!),
        );
        for (const make of [...calls, ...reads]) {
          const expected = await outcome(make(real, names));
          expect(await outcome(make(embedded, names))).toEqual(expected);
        }
      }),
      { numRuns: 100, endOnFailure: true, interruptAfterTimeLimit: 60_000 },
    );
  }, 100_000);
});

async function readWhole(client: EventStoreDBClient, name: string): Promise<unknown> {
  const events = await collect(client.readStream(name));
  // Links get an id of their own from each client.
  return events.map(({ event }) => [event!.revision, event!.type === '$>' ? '$>' : event!.id]);
}
