import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import {
  type ScavengeResp,
  StartScavengeReq,
  StopScavengeReq,
} from '@eventstore/db-client/generated/operations_pb';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { credentials, status } from '@grpc/grpc-js';
import { startNode } from '../src';
import { collect, eventually, rejection } from './support/collect';
import { newStream, numberedFrom, numbersOf, range } from './support/events';
import { exceptionOf, unary } from './support/raw-streams';
import { useTarget } from './support/target';

function startScavenge(operations: OperationsClient): Promise<ScavengeResp> {
  const request = new StartScavengeReq();
  const options = new StartScavengeReq.Options();
  options.setThreadCount(1);
  options.setStartFromChunk(0);
  request.setOptions(options);
  return unary((done) => operations.startScavenge(request, done));
}

describe('a scavenge', () => {
  const target = useTarget();
  const start = () => startScavenge(target().raw.operations);
  const inAll = async (streams: string[]) =>
    (await collect(target().client.readAll())).filter(({ event }) => streams.includes(event!.streamId));

  it('takes deleted and truncated events out of $all, and leaves the others', async () => {
    const { client } = target();
    const [kept, deleted, truncated, counted] = ['kept', 'deleted', 'truncated', 'counted'].map(
      newStream,
    ) as [string, string, string, string];
    for (const stream of [kept, deleted, truncated, counted]) {
      await client.appendToStream(stream, numberedFrom(0, 5));
    }
    await client.deleteStream(deleted);
    await client.setStreamMetadata(truncated, { truncateBefore: 3 });
    await client.setStreamMetadata(counted, { maxCount: 1 });

    const { scavengeId, scavengeResult } = (await start()).toObject();
    await eventually(
      () => inAll([deleted]),
      (events) => events.length <= 1,
    );

    expect(scavengeId).toMatch(/^[0-9a-f-]{36}$/);
    expect(scavengeResult).toBe(0);
    expect(numbersOf(await inAll([kept]))).toEqual(range(5));
    expect(numbersOf(await inAll([truncated]))).toEqual([3, 4]);
    expect(numbersOf(await inAll([counted]))).toEqual([4]);
    expect(numbersOf(await collect(client.readStream(truncated)))).toEqual([3, 4]);
  });

  it('leaves the numbering of a deleted stream as it was', async () => {
    const { client } = target();
    const stream = newStream('numbered');
    await client.appendToStream(stream, numberedFrom(0, 5));
    await client.deleteStream(stream);

    await start();
    await eventually(
      () => inAll([stream]),
      (events) => events.length <= 1,
    );
    const next = await client.appendToStream(stream, numberedFrom(5, 1));

    expect(next.nextExpectedRevision).toBe(5n);
  });

  it('that is not running cannot be stopped', async () => {
    const request = new StopScavengeReq();
    const options = new StopScavengeReq.Options();
    options.setScavengeId('7e3f1f5c-5b0e-4b4c-8f29-5a9d8f8e0001');
    request.setOptions(options);

    const error = await rejection(unary((done) => target().raw.operations.stopScavenge(request, done)));

    expect(error.code).toBe(status.NOT_FOUND);
    expect(exceptionOf(error)).toBe('scavenge-not-found');
  });
});

describe('a scavenge of the embedded node', () => {
  let dataDir: string;
  let node: Awaited<ReturnType<typeof startNode>>;
  let client: EventStoreDBClient;
  let operations: OperationsClient;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-scavenge-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    client = EventStoreDBClient.connectionString(node.connectionString);
    operations = new OperationsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    operations.close();
    await client.dispose();
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  // A real server erases in chunk files of its own, which is not for this suite to look into.
  it('leaves no byte of an erased event in the data folder', async () => {
    const [stream, kept] = [newStream('erased'), newStream('kept')];
    for (const n of range(200)) {
      const secret = `erase-me-${n}-${'x'.repeat(200)}`;
      await client.appendToStream(stream, jsonEvent({ type: 'Secret', data: { secret } }));
      await client.appendToStream(kept, jsonEvent({ type: 'Kept', data: { keep: 'keep-me' } }));
    }
    await client.deleteStream(stream);
    const holds = async (text: string): Promise<boolean> => {
      const files = await readdir(dataDir);
      const contents = await Promise.all(files.map((file) => readFile(join(dataDir, file))));
      return contents.some((content) => content.includes(text));
    };
    expect(await holds('erase-me-')).toBe(true);

    await startScavenge(operations);
    await eventually(
      () => holds('erase-me-'),
      (found) => !found,
    );

    expect(await holds('keep-me')).toBe(true);
    expect(await collect(client.readStream(kept))).toHaveLength(200);
  });
});
