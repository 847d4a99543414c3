import { END, START, StreamDeletedError } from '@eventstore/db-client';
import { Inbox } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';
import { useTarget } from './support/target';

describe('a catch-up subscription to a stream', () => {
  const target = useTarget();
  type Options = Parameters<ReturnType<typeof target>['client']['subscribeToStream']>[1];
  const subscribe = (stream: string, options?: Options) =>
    new Inbox(target().client.subscribeToStream(stream, options));

  it('delivers history, says it has caught up, and goes on with new events', async () => {
    const stream = newStream('catch-up');
    await target().client.appendToStream(stream, numberedFrom(0, 5));

    const inbox = subscribe(stream, { fromRevision: START });
    await inbox.caughtUp();
    await target().client.appendToStream(stream, numberedFrom(5, 3));

    expect(numbersOf(await inbox.atLeast(8))).toEqual(range(8));
    expect(inbox.caughtUpAfter).toEqual([5]);
    await inbox.close();
  });

  it('starts after the revision it is given', async () => {
    const stream = newStream('from-revision');
    await target().client.appendToStream(stream, numberedFrom(0, 5));

    const inbox = subscribe(stream, { fromRevision: 2n });

    expect(numbersOf(await inbox.atLeast(2))).toEqual([3, 4]);
    await inbox.close();
  });

  it('from the end delivers only what comes later', async () => {
    const stream = newStream('from-end');
    await target().client.appendToStream(stream, numberedFrom(0, 5));

    const inbox = subscribe(stream, { fromRevision: END });
    await inbox.confirmation();
    await target().client.appendToStream(stream, numbered(5));

    expect(numbersOf(await inbox.atLeast(1))).toEqual([5]);
    await inbox.close();
  });

  it('may wait for a stream that does not exist yet, and has not caught up until it does', async () => {
    const stream = newStream('not-yet');

    const inbox = subscribe(stream, { fromRevision: START });
    await inbox.confirmation();
    await target().client.appendToStream(stream, numberedFrom(0, 2));
    await inbox.caughtUp();

    expect(numbersOf(inbox.items)).toEqual([0, 1]);
    expect(inbox.caughtUpAfter).toEqual([2]);
    await inbox.close();
  });

  it('starts beyond the end of the stream and skips what comes before', async () => {
    const stream = newStream('ahead');
    await target().client.appendToStream(stream, numberedFrom(0, 2));

    const inbox = subscribe(stream, { fromRevision: 4n });
    await inbox.confirmation();
    await target().client.appendToStream(stream, numberedFrom(2, 5));

    expect(numbersOf(await inbox.atLeast(2)).at(-1)).toBe(6);
    await inbox.close();
  });

  // Differs: a real server ends a live subscription whose client is slow (ABORTED, "Consumer too
  // slow"); the embedded node waits for it. So this asks little of a client that is fast.
  it('gives each of many subscribers every event once, in order, while it is written', async () => {
    const stream = newStream('seam');
    const total = 600;
    await target().client.appendToStream(stream, numberedFrom(0, 200));
    const inboxes: Inbox<Parameters<typeof numbersOf>[0][number]>[] = [];

    let written = 200;
    const writing = (async () => {
      for (; written < total; written += 4) {
        await target().client.appendToStream(stream, numberedFrom(written, 4));
      }
    })();
    for (let i = 0; i < 12; i += 1) {
      const inbox = subscribe(stream, { fromRevision: START });
      inboxes.push(inbox);
      await inbox.atLeast(1);
    }
    await writing;

    for (const inbox of inboxes) {
      expect(numbersOf(await inbox.atLeast(total))).toEqual(range(total));
    }
    await Promise.all(inboxes.map((inbox) => inbox.close()));
  });

  it('goes on after a soft delete with the events written then', async () => {
    const stream = newStream('deleted');
    await target().client.appendToStream(stream, numberedFrom(0, 2));
    const inbox = subscribe(stream, { fromRevision: START });
    await inbox.caughtUp();

    await target().client.deleteStream(stream);
    await target().client.appendToStream(stream, numbered(2));

    expect(numbersOf(await inbox.atLeast(3))).toEqual([0, 1, 2]);
    await inbox.close();
  });

  it('to a soft-deleted stream begins with what is written after the delete', async () => {
    const stream = newStream('was-deleted');
    await target().client.appendToStream(stream, numberedFrom(0, 3));
    await target().client.deleteStream(stream);
    await target().client.appendToStream(stream, numberedFrom(3, 2));

    const inbox = subscribe(stream, { fromRevision: START });

    expect(numbersOf(await inbox.atLeast(2))).toEqual([3, 4]);
    await inbox.close();
  });

  it('to a tombstoned stream fails', async () => {
    const stream = newStream('gone');
    await target().client.appendToStream(stream, numbered(0));
    await target().client.tombstoneStream(stream);

    const error = await subscribe(stream, { fromRevision: START }).failure();

    expect(error).toBeInstanceOf(StreamDeletedError);
  });

  it('ends when its stream is tombstoned', async () => {
    const stream = newStream('going');
    await target().client.appendToStream(stream, numbered(0));
    const inbox = subscribe(stream, { fromRevision: START });
    await inbox.caughtUp();

    await target().client.tombstoneStream(stream);

    expect(await inbox.failure()).toBeInstanceOf(StreamDeletedError);
  });

  it('delivers everything to a slow reader', async () => {
    const stream = newStream('slow');
    await target().client.appendToStream(stream, numberedFrom(0, 500));
    const subscription = target().client.subscribeToStream(stream, { fromRevision: START });
    const seen: number[] = [];

    const reading = (async () => {
      for await (const event of subscription) {
        seen.push(...numbersOf([event]));
        await new Promise((resolve) => setImmediate(resolve));
        if (seen.length === 1_500) break;
      }
    })();
    for (let n = 500; n < 1_500; n += 50) {
      await target().client.appendToStream(stream, numberedFrom(n, 50));
    }
    await reading;

    expect(seen).toEqual(range(1_500));
  });
});
