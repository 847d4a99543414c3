import { BACKWARDS, END, FORWARDS, type ResolvedEvent, START } from '@eventstore/db-client';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { status } from '@grpc/grpc-js';
import { collect, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { readAllRequest, readResponses } from './support/raw-streams';
import { useTarget } from './support/target';

describe('reading $all', () => {
  const target = useTarget();
  const [left, right] = [newStream('left'), newStream('right')];
  let written: ResolvedEvent[];

  const ours = (events: ResolvedEvent[]) =>
    events.filter(({ event }) => event!.streamId === left || event!.streamId === right);

  beforeAll(async () => {
    for (let n = 0; n < 10; n += 2) {
      await target().client.appendToStream(left, numbered(n));
      await target().client.appendToStream(right, numbered(n + 1));
    }
    written = ours(
      await collect(target().client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 50 })),
    ).reverse();
  });

  it('gives the events of all streams in the order they were written', () => {
    expect(numbersOf(written)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const commits = written.map(({ event }) => event!.position!.commit);
    expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('forwards from a position begins with the event at it', async () => {
    const fromPosition = written[3]!.event!.position!;

    const events = ours(
      await collect(target().client.readAll({ direction: FORWARDS, fromPosition, maxCount: 4 })),
    );

    expect(numbersOf(events)).toEqual([3, 4, 5, 6]);
  });

  it('backwards from a position begins with the event before it', async () => {
    const fromPosition = written[3]!.event!.position!;

    const events = await collect(
      target().client.readAll({ direction: BACKWARDS, fromPosition, maxCount: 3 }),
    );

    expect(numbersOf(events)).toEqual([2, 1, 0]);
  });

  it('pages without a gap or a repeat, forwards and backwards', async () => {
    for (const direction of [FORWARDS, BACKWARDS] as const) {
      const seen: number[] = [];
      let from = written[direction === FORWARDS ? 0 : 9]!.event!.position!;
      for (let page = 0; page < 5; page += 1) {
        const events = ours(
          await collect(target().client.readAll({ direction, fromPosition: from, maxCount: 3 })),
        );
        // Forwards the position is included, so that the last event of a page comes again.
        seen.push(...numbersOf(events).slice(direction === FORWARDS && page > 0 ? 1 : 0));
        from = events.at(-1)?.event!.position ?? from;
      }
      expect(seen.slice(0, 9)).toEqual(
        direction === FORWARDS ? [0, 1, 2, 3, 4, 5, 6, 7, 8] : [8, 7, 6, 5, 4, 3, 2, 1, 0],
      );
    }
  });

  it('is never empty: a new database holds events of its own', async () => {
    const first = await collect(
      target().client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 3 }),
    );

    expect(first.length).toBeGreaterThan(0);
    expect(first[0]!.event!.streamId.startsWith('$')).toBe(true);
  });

  it('is empty forwards from the end and backwards from the start', async () => {
    const { client } = target();

    expect(await collect(client.readAll({ direction: FORWARDS, fromPosition: END }))).toEqual([]);
    expect(await collect(client.readAll({ direction: BACKWARDS, fromPosition: START }))).toEqual([]);
  });

  it('is empty, and OK, from a position beyond the end', async () => {
    const beyond = { commit: 1n << 60n, prepare: 1n << 60n };

    const events = await collect(target().client.readAll({ direction: FORWARDS, fromPosition: beyond }));

    expect(events).toEqual([]);
  });

  it('carries the position of each event', () => {
    for (const { event, commitPosition } of written) {
      expect(event!.position!.prepare).toBe(event!.position!.commit);
      expect(commitPosition).toBe(event!.position!.commit);
    }
  });

  it('leaves out events of a deleted stream only once they are scavenged', async () => {
    const stream = newStream('deleted');
    await target().client.appendToStream(stream, numberedFrom(0, 2));
    await target().client.deleteStream(stream);

    const events = await collect(
      target().client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 10 }),
    );

    expect(events.filter(({ event }) => event!.streamId === stream)).toHaveLength(2);
    expect(events[0]!.event!.streamId).toBe(`$$${stream}`);
  });
});

describe('reading $all with a filter', () => {
  const target = useTarget();
  const prefix = newStream('filtered');

  beforeAll(async () => {
    for (let n = 0; n < 6; n += 1) {
      await target().client.appendToStream(
        `${prefix}-${n % 2 === 0 ? 'even' : 'odd'}`,
        numbered(n, n < 3 ? `${prefix}.Low` : `${prefix}.High`),
      );
    }
  });

  const expression = (part: { regex?: string; prefixes?: string[] }) => {
    const message = new ReadReq.Options.FilterOptions.Expression();
    if (part.regex !== undefined) message.setRegex(part.regex);
    message.setPrefixList(part.prefixes ?? []);
    return message;
  };
  const filter = (
    on: 'stream' | 'type',
    part: { regex?: string; prefixes?: string[] },
  ): ReadReq.Options.FilterOptions => {
    const options = new ReadReq.Options.FilterOptions();
    if (on === 'stream') options.setStreamIdentifier(expression(part));
    else options.setEventType(expression(part));
    options.setMax(32);
    options.setCheckpointintervalmultiplier(1);
    return options;
  };
  const numbersRead = async (request: ReadReq): Promise<number[]> => {
    const responses = await readResponses(target().raw, request);
    return responses
      .filter((response) => response.hasEvent())
      .map((response) => Buffer.from(response.getEvent()!.getEvent()!.getData_asU8()))
      .map((data) => (JSON.parse(data.toString()) as { n: number }).n);
  };

  it.each([
    ['a stream prefix', filter('stream', { prefixes: [`${prefix}-even`] }), [0, 2, 4]],
    [
      'several prefixes',
      filter('stream', { prefixes: [`${prefix}-odd`, `${prefix}-even`] }),
      [0, 1, 2, 3, 4, 5],
    ],
    ['a stream regex', filter('stream', { regex: `^${prefix}-o.d$` }), [1, 3, 5]],
    ['a type prefix', filter('type', { prefixes: [`${prefix}.Hi`] }), [3, 4, 5]],
    ['a type regex', filter('type', { regex: `${prefix}\\.Lo` }), [0, 1, 2]],
    ['what no event meets', filter('type', { prefixes: [`${prefix}.None`] }), []],
  ])('by %s', async (_, options, expected) => {
    expect(await numbersRead(readAllRequest(options))).toEqual(expected);
    const backwards = readAllRequest(options);
    const all = new ReadReq.Options.AllOptions();
    all.setEnd(new Empty());
    backwards.getOptions()!.setAll(all);
    backwards.getOptions()!.setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS);
    expect(await numbersRead(backwards)).toEqual([...expected].reverse());
  });

  it('stops at the count', async () => {
    const options = filter('stream', { prefixes: [prefix] });

    expect(await numbersRead(readAllRequest(options, '4'))).toEqual([0, 1, 2, 3]);
  });

  it('refuses a bad regular expression and stays up', async () => {
    const error = await rejection(
      readResponses(target().raw, readAllRequest(filter('type', { regex: '(' }))),
    );

    expect(error.code).toBe(status.UNKNOWN);
    expect(await numbersRead(readAllRequest(filter('type', { regex: `${prefix}.Low` })))).toHaveLength(3);
  });

  it('refuses a filter with neither stream nor type, and one without a window', async () => {
    const neither = new ReadReq.Options.FilterOptions();
    neither.setMax(32);
    const noWindow = filter('type', { prefixes: ['x'] });
    noWindow.clearMax();

    const errors = [
      await rejection(readResponses(target().raw, readAllRequest(neither))),
      await rejection(readResponses(target().raw, readAllRequest(noWindow))),
    ];

    expect(errors.map((error) => error.code)).toEqual([status.INVALID_ARGUMENT, status.INVALID_ARGUMENT]);
  });
});
