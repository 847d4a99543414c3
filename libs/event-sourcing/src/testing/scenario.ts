import type { EventMetadata, NewEvent, Position, RecordedEvent } from '../event-store';
import type { DomainEvent } from '../codec';
import { FaultyEventStore, type InMemoryEventStore, ProcessDied } from '../in-memory';
import { type Reason, Refusal } from '../refusal';

/** An event of some stream. */
export interface Fact extends DomainEvent {
  readonly stream: string;
}

/** Events of one stream: `inStream('device-1', { type, data }, …)`. */
export function inStream<E extends DomainEvent>(stream: string, ...events: readonly E[]): Fact[] {
  return events.map(({ type, data }) => ({ stream, type, data }));
}

/** What a specification starts from: events, and what else is so in its world. */
export type Given<W = undefined> = Fact | readonly Given<W>[] | ((world: W) => unknown);

/** A command, or something else that a process does. */
export type When<C, R> = C | ((running: R) => unknown);

/** What runs on the store of a scenario: handlers, process managers, views. It may have died when it is closed. */
export interface Running<C> {
  execute(command: C): Promise<unknown>;
  /** Resolves when the views have everything that has happened. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Specifications of whole features, over all streams:
 *
 *     await scenario.given(aLock(), aCode()).when(new DeleteAccessCode(caller, CODE)).then(onCode('RemovalStarted'));
 *
 * What is given was stored before, and may be awaited by itself; `then` names every event that has come since, in order.
 * C: its commands, R: what runs, W: what outlives a process.
 */
export abstract class Scenario<C, R extends Running<C>, W = undefined> {
  private crashesAfter: number | undefined;
  private running: R | undefined;
  private reaching: FaultyEventStore | undefined;
  /** Whether what was done has crashed on the way. */
  hasCrashed = false;

  /** What has happened, whichever process wrote it. */
  abstract get store(): InMemoryEventStore;
  /** What is so beside the events. */
  protected abstract get world(): W;

  /** Makes a world in which nothing has happened. */
  protected abstract open(): Promise<void> | void;

  /** Runs everything, as after a restart: nothing is kept but what is in the world. */
  protected abstract start(store: FaultyEventStore): Promise<R>;

  /** The event as it would be appended. */
  abstract encoded(fact: Fact): NewEvent | Promise<NewEvent>;

  /** All stored events, from the first, as specifications name them. */
  protected decoded(events: readonly RecordedEvent[]): Fact[] | Promise<Fact[]> {
    return events.map(({ stream, type, data }) => ({ stream, type, data: data as object }));
  }

  /** @throws when the events are not those that a specification names */
  check(events: readonly Fact[], expected: readonly Fact[]): void {
    expect(events).toEqual(expected);
  }

  /** The store as the process that runs now reaches it. */
  get reached(): FaultyEventStore {
    return (this.reaching ??= new FaultyEventStore(this.store));
  }

  get process(): R {
    if (!this.running) throw new Error('nothing was given yet');
    return this.running;
  }

  given(...given: readonly Given<W>[]): Givens<C, R, W> {
    return new Givens(this, given);
  }

  /** @param whens one after the other; what the last returns counts */
  when(...whens: readonly When<C, R>[]): Outcome<C, R, W> {
    return this.given().when(...whens);
  }

  async begin(): Promise<void> {
    this.running ??= await this.start(this.reached);
  }

  /** A new world, and a process that has not crashed. */
  async beginAnew(): Promise<void> {
    await this.close();
    await this.open();
    this.hasCrashed = false;
    await this.begin();
  }

  /** Another process takes the place of this one, which may have died. */
  async restart(): Promise<void> {
    await this.end();
    await this.begin();
    await this.process.caughtUp();
  }

  async close(): Promise<void> {
    await this.end();
  }

  /** Stores it, and waits until the views have it. */
  async add(given: readonly Given<W>[]): Promise<void> {
    await this.begin();
    await this.addEach(given);
    await this.process.caughtUp();
  }

  /** Others are faster: just before this process appends to the stream of one of these, they are appended. */
  overtakenBy(...given: readonly (Fact | readonly Fact[])[]): void {
    const facts = given.flat();
    for (const stream of new Set(facts.map((fact) => fact.stream)))
      this.overtakenAt(stream, ...facts.filter((fact) => fact.stream === stream));
  }

  /** The same before the next append to a stream whose name begins so, such as `accessCode-`. */
  overtakenAt(prefix: string, ...facts: readonly Fact[]): void {
    this.reached.before(prefix, () => this.addEach(facts));
  }

  async do(when: When<C, R>): Promise<unknown> {
    if (typeof when === 'function') return (when as (running: R) => unknown)(this.process);
    return this.process.execute(when);
  }

  /**
   * Does one after the other. Where a crash is due the process dies on the way, and the next one does all of it again.
   * @returns what the last one returned
   */
  async doAll(whens: readonly When<C, R>[]): Promise<unknown> {
    if (this.crashesAfter === undefined) return this.doOnce(whens);
    this.reached.dieAfter(this.crashesAfter);
    try {
      return await this.doOnce(whens);
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
      this.hasCrashed = true;
      await this.restart();
      return await this.doOnce(whens);
    } finally {
      this.reached.dieAfter(Infinity);
    }
  }

  /** From now on what is done crashes once it has appended so often, and is done again after a restart. */
  crashAfter(appends: number): void {
    this.crashesAfter = appends;
  }

  /** Plays a scenario without crashes again. */
  crashNoMore(): void {
    this.crashesAfter = undefined;
  }

  /** What has happened in all streams, from the nth event on. */
  async events(from = 0): Promise<Fact[]> {
    return (await this.decoded(await this.allRecorded())).slice(from);
  }

  async countEvents(): Promise<number> {
    return (await this.allRecorded()).length;
  }

  /** The last events of all streams as they are stored, the newest first. */
  async recorded(count: number): Promise<RecordedEvent[]> {
    const recorded: RecordedEvent[] = [];
    for await (const event of this.store.readAllBackwards(count)) recorded.push(event);
    return recorded;
  }

  /** Where the last event of a stream stands. */
  async endOf(stream: string): Promise<Position | undefined> {
    for await (const { position } of this.store.readBackwards(stream, 1)) return position;
    return undefined;
  }

  private async end(): Promise<void> {
    await this.running?.close();
    this.running = undefined;
    this.reaching = undefined;
  }

  private async addEach(given: readonly Given<W>[]): Promise<void> {
    for (const each of given) {
      if (typeof each === 'function') await each(this.world);
      else if ('stream' in each) await this.store.append(each.stream, [await this.encoded(each)], 'any');
      else await this.addEach(each);
    }
  }

  private async doOnce(whens: readonly When<C, R>[]): Promise<unknown> {
    let result: unknown;
    for (const when of whens) result = await this.do(when);
    return result;
  }

  private async allRecorded(): Promise<RecordedEvent[]> {
    return (await this.recorded(Number.MAX_SAFE_INTEGER)).reverse();
  }
}

/** What has happened before. It is stored when it is awaited, or when what is done afterwards is. */
export class Givens<C, R extends Running<C>, W> implements PromiseLike<void> {
  constructor(
    private readonly scenario: Scenario<C, R, W>,
    private readonly given: readonly Given<W>[],
  ) {}

  /** @param whens one after the other; what the last returns counts */
  when(...whens: readonly When<C, R>[]): Outcome<C, R, W> {
    return new Outcome(this.scenario, this.given, whens);
  }

  then<A = void, B = never>(
    stored?: ((value: void) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.scenario.add(this.given).then(stored, failed);
  }
}

/** What comes of something that is done. Nothing is done before its outcome is asked for. */
export class Outcome<C, R extends Running<C>, W> {
  constructor(
    private readonly scenario: Scenario<C, R, W>,
    private readonly given: readonly Given<W>[],
    private readonly whens: readonly When<C, R>[],
  ) {}

  /**
   * Exactly these events come of it, in all streams, in this order.
   * @returns what the last one returned
   */
  async then(...facts: readonly (Fact | readonly Fact[])[]): Promise<unknown> {
    const before = await this.begun();
    const answer = await this.scenario.doAll(this.whens);
    this.scenario.check(await this.scenario.events(before), facts.flat());
    return answer;
  }

  /** It is refused for this reason; nothing is stored but these. */
  async thenFails(reason: Partial<Reason>, ...facts: readonly Fact[]): Promise<void> {
    const before = await this.begun();
    const error: unknown = await this.scenario.doAll(this.whens).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof Error && !(error instanceof Refusal)) throw error;
    expect(error).toBeInstanceOf(Refusal);
    expect((error as Refusal).reason).toMatchObject(reason);
    this.scenario.check(await this.scenario.events(before), facts);
  }

  /** The process dies before the first append, and after each in turn: each time these events come of it, and no others. */
  async thenThroughCrashes(...facts: readonly (Fact | readonly Fact[])[]): Promise<void> {
    const anew = async () => {
      await this.scenario.beginAnew();
      return this.scenario;
    };
    await afterEachCrash(anew, () => this.then(...facts), 0);
    this.scenario.crashNoMore();
  }

  private async begun(): Promise<number> {
    await this.scenario.add(this.given);
    return this.scenario.countEvents();
  }
}

/** How many appends at most are between two crashes. */
const CRASHES_AT_MOST = 20;

/**
 * Plays a scenario again and again, with a crash after its first append, after its second, and so on until none is
 * left to crash after. Each time it must come out the same.
 * @param make a scenario in a world of its own
 * @param from after which append the first crash is; 0: before anything is appended
 */
export async function afterEachCrash<
  S extends { crashAfter(appends: number): void; close(): Promise<void>; readonly hasCrashed: boolean },
>(make: () => S | Promise<S>, play: (scenario: S) => Promise<unknown>, from = 1): Promise<void> {
  for (let appends = from; appends <= CRASHES_AT_MOST; appends++) {
    const scenario = await make();
    scenario.crashAfter(appends);
    try {
      await play(scenario);
    } finally {
      await scenario.close();
    }
    if (scenario.hasCrashed) continue;
    // A play that appends nothing proves nothing.
    expect(appends).toBeGreaterThan(1);
    return;
  }
  throw new Error(`it still appends after ${CRASHES_AT_MOST} appends`);
}

/** Codecs by the category of the streams that they read. */
export type Codecs = Readonly<
  Record<string, { encode(event: never, id: string, metadata: never): { metadata: EventMetadata } }>
>;

/** An event as it is appended, with what goes with it, by the codec of its stream. */
export function encodedBy(
  codecs: Codecs,
  { stream, type, data }: Fact,
  { id, at, workspaceId }: { readonly id: string; readonly at: number; readonly workspaceId: string },
): NewEvent {
  const codec = codecs[stream.slice(0, stream.indexOf('-'))];
  if (!codec) throw new Error(`no codec for ${stream}`);
  const metadata = {
    $correlationId: 'given',
    $causationId: 'given',
    actor: { type: 'system' },
    workspaceId,
    occurredAt: new Date(at).toISOString(),
  };
  return codec.encode({ type, data } as never, id, metadata as never) as never;
}
