import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { status } from '@grpc/grpc-js';
import { Inbox, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';
import { readAllRequest, readResponses } from './support/raw-streams';
import { useTarget } from './support/target';

describe('a catch-up subscription to $all', () => {
  const target = useTarget();
  type Options = Parameters<ReturnType<typeof target>['client']['subscribeToAll']>[0];
  const subscribe = (options?: Options) => new Inbox(target().client.subscribeToAll(options));
  const append = (stream: string, from: number, count = 1) =>
    target().client.appendToStream(stream, numberedFrom(from, count));

  it('from a position begins after it, catches up, and goes on', async () => {
    const stream = newStream('all');
    const { position } = await append(stream, 0);
    await append(stream, 1, 2);

    const inbox = subscribe({ fromPosition: position! });
    await inbox.caughtUp();
    await append(stream, 3);

    expect(numbersOf(await inbox.atLeast(3))).toEqual([1, 2, 3]);
    expect(inbox.caughtUpAfter).toEqual([2]);
    await inbox.close();
  });

  it('from the end delivers only what comes later, of every stream', async () => {
    const [left, right] = [newStream('left'), newStream('right')];
    await append(left, 0);

    const inbox = subscribe({ fromPosition: END });
    await inbox.confirmation();
    await append(left, 1);
    await append(right, 2);

    const events = await inbox.atLeast(2);
    expect(events.map(({ event }) => event!.streamId)).toEqual([left, right]);
    await inbox.close();
  });

  it('from the start sees the whole log, system streams too', async () => {
    const stream = newStream('whole');
    await append(stream, 0);

    const inbox = subscribe({ fromPosition: START });
    await inbox.until(() => inbox.items.some(({ event }) => event!.streamId === stream), 'our event');

    expect(inbox.items.some(({ event }) => event!.streamId.startsWith('$'))).toBe(true);
    const commits = inbox.items.map(({ event }) => event!.position.commit);
    expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
    await inbox.close();
  });

  it('gives every subscriber each event once, whenever it joins the writing', async () => {
    const stream = newStream('seam');
    const { position } = await append(stream, 0);
    const total = 601;

    const writers = range(4).map(async (writer) => {
      for (let n = 0; n < 150; n += 1) await append(`${stream}-${writer}`, n);
    });
    const inboxes = [];
    for (let i = 0; i < 10; i += 1) {
      const inbox = subscribe({
        fromPosition: position!,
        filter: streamNameFilter({ prefixes: [stream] }),
      });
      inboxes.push(inbox, subscribe({ fromPosition: position! }));
      await inbox.atLeast(1);
    }
    await Promise.all(writers);

    for (const inbox of inboxes) {
      const oursIn = () => inbox.items.filter(({ event }) => event!.streamId.startsWith(stream));
      await inbox.until(() => oursIn().length >= total - 1, 'our events');
      const ours = oursIn();
      expect(ours).toHaveLength(total - 1);
      for (const writer of range(4)) {
        const numbers = numbersOf(ours.filter(({ event }) => event!.streamId === `${stream}-${writer}`));
        expect(numbers).toEqual(range(150));
      }
    }
    await Promise.all(inboxes.map((inbox) => inbox.close()));
  });

  describe('with a filter', () => {
    it.each([
      ['stream prefix', (name: string) => streamNameFilter({ prefixes: [`${name}-yes`] })],
      ['stream regex', (name: string) => streamNameFilter({ regex: `^${name}-y.s$` })],
      ['type prefix', (name: string) => eventTypeFilter({ prefixes: [`${name}-yes`] })],
      ['type regex', (name: string) => eventTypeFilter({ regex: `^${name}-y.s$` })],
    ])('delivers what meets a %s, old and new', async (_, filterFor) => {
      const name = newStream('filter');
      const write = (kind: string, n: number) =>
        target().client.appendToStream(`${name}-${kind}`, numbered(n, `${name}-${kind}`));
      const { position } = await write('no', 0);
      await write('yes', 1);
      await write('no', 2);

      const inbox = subscribe({ fromPosition: position!, filter: filterFor(name) });
      await inbox.caughtUp();
      await write('no', 3);
      await write('yes', 4);

      expect(numbersOf(await inbox.atLeast(2))).toEqual([1, 4]);
      await inbox.close();
    });

    it('can leave out system events', async () => {
      const stream = newStream('user');
      const { position } = await append(stream, 0);
      await target().client.setStreamMetadata(stream, { owner: 'me' });

      const inbox = subscribe({ fromPosition: position!, filter: excludeSystemEvents() });
      await append(stream, 1);

      const [first] = await inbox.atLeast(1);
      expect(first!.event!.streamId).toBe(stream);
      await inbox.close();
    });

    it('reports how far it has come, each window times multiplier events', async () => {
      const [wanted, other] = [newStream('wanted'), newStream('other')];
      const { position } = await append(other, 0);
      await append(other, 1, 40);
      const checkpoints: Position[] = [];

      const inbox = subscribe({
        fromPosition: position!,
        filter: streamNameFilter({
          prefixes: [wanted],
          maxSearchWindow: 4,
          checkpointInterval: 2,
          checkpointReached: (_, checkpoint) => void checkpoints.push(checkpoint),
        }),
      });
      await inbox.caughtUp();
      const whileCatchingUp = checkpoints.length;
      await append(other, 41, 40);
      await append(wanted, 81);
      await inbox.atLeast(1);

      // 40 events in windows of 4, a checkpoint every second window: 5 of them, give or take the
      // one at the very end.
      expect(whileCatchingUp).toBeGreaterThanOrEqual(4);
      expect(whileCatchingUp).toBeLessThanOrEqual(5);
      expect(checkpoints.length - whileCatchingUp).toBeGreaterThanOrEqual(4);
      const commits = checkpoints.map(({ commit }) => commit);
      expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
      expect(commits[0]!).toBeGreaterThan(position!.commit);
      await inbox.close();
    });

    it('can be resumed from any checkpoint without missing or doubling', async () => {
      const [wanted, other] = [newStream('resumed'), newStream('other')];
      const { position } = await append(other, 0);
      for (let n = 0; n < 20; n += 1) {
        await append(other, n, 3);
        await append(wanted, n);
      }
      const seenAt: { checkpoint: Position; seen: number }[] = [];
      const first = subscribe({
        fromPosition: position!,
        filter: streamNameFilter({
          prefixes: [wanted],
          maxSearchWindow: 3,
          checkpointInterval: 1,
          checkpointReached: (_, checkpoint) => void seenAt.push({ checkpoint, seen: first.items.length }),
        }),
      });
      await first.atLeast(20);
      await first.close();

      expect(seenAt.length).toBeGreaterThan(5);
      for (const { checkpoint } of seenAt.slice(0, 6)) {
        const resumed = subscribe({
          fromPosition: checkpoint,
          filter: streamNameFilter({ prefixes: [wanted] }),
        });
        const firstNumber = numbersOf(
          first.items.filter(({ event }) => event!.position.commit > checkpoint.commit),
        );
        expect(numbersOf(await resumed.atLeast(firstNumber.length))).toEqual(firstNumber);
        await resumed.close();
      }
    });

    it('is refused with a checkpoint interval of zero', async () => {
      const filter = new ReadReq.Options.FilterOptions();
      const expression = new ReadReq.Options.FilterOptions.Expression();
      expression.setPrefixList(['x']);
      filter.setStreamIdentifier(expression);
      filter.setMax(32);
      filter.setCheckpointintervalmultiplier(0);
      const request = readAllRequest(filter);
      request.getOptions()!.clearCount();
      request.getOptions()!.setSubscription(new ReadReq.Options.SubscriptionOptions());

      const error = await rejection(readResponses(target().raw, request));

      expect(error.code).toBe(status.UNKNOWN);
    });

    it('is refused with a bad regular expression', async () => {
      const inbox = subscribe({ fromPosition: START, filter: streamNameFilter({ regex: '(' }) });

      expect(await inbox.failure()).toMatchObject({ code: status.UNKNOWN });
      await expect(append(newStream('still-up'), 0)).resolves.toMatchObject({ success: true });
    });
  });

  it('delivers nothing more once it is ended', async () => {
    const stream = newStream('ended');
    const { position } = await append(stream, 0);
    const inbox = subscribe({ fromPosition: position! });
    await inbox.caughtUp();

    await inbox.close();
    await inbox.until(() => inbox.ended || inbox.error !== undefined, 'its end', true);
    const delivered = inbox.items.length;
    await append(stream, 1);
    await append(stream, 2);

    expect(inbox.items).toHaveLength(delivered);
  });

  it('from a position beyond the end waits for what comes', async () => {
    const inbox = subscribe({ fromPosition: { commit: 1n << 60n, prepare: 1n << 60n } });
    await inbox.confirmation();
    const stream = newStream('later');
    await append(stream, 7);

    const ours = () => inbox.items.filter(({ event }) => event!.streamId === stream);
    await inbox.until(() => ours().length > 0, 'our event');
    expect(numbersOf(ours())).toEqual([7]);
    await inbox.close();
  });
});
