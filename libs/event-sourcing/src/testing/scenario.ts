import { comparePositions, type EventMetadata, type Position, type RecordedEvent } from '../event-store';
import type { DomainEvent } from '../codec';
import { FaultyEventStore, InMemoryEventStore, ProcessDied } from '../in-memory';
import { type Reason, Refusal } from '../refusal';

/** An event of some stream. */
export interface Fact extends DomainEvent {
  readonly stream: string;
}

/** Events of one stream: `inStream('device-1', { type, data }, …)`. */
export function inStream<E extends DomainEvent>(stream: string, ...events: readonly E[]): Fact[] {
  return events.map(({ type, data }) => ({ stream, type, data }));
}

/** Codecs by the category of the streams that they read. */
export type Codecs = Readonly<
  Record<string, { encode(event: never, id: string, metadata: never): { metadata: EventMetadata } }>
>;

/** What runs on the store of a scenario: handlers, process managers, views. */
export interface Running<C> {
  execute(command: C): Promise<unknown>;
  /** Resolves when the views have everything that has happened. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Specifications of whole commands, over all streams: `await scenario.given(…)`, then
 * `await scenario.when(command).then(…)` with everything that happened by it, in order.
 */
export class Scenario<C, R extends Running<C>> {
  private crashesAfter: number | undefined;
  private running: R | undefined;
  /** What has happened, whichever process wrote it. */
  readonly store = new InMemoryEventStore();
  /** The same as the process that runs now reaches it. */
  reached = new FaultyEventStore(this.store);

  /** @param options.start runs everything anew, as after a restart: nothing is kept but what is in the store */
  constructor(
    private readonly options: {
      readonly codecs: Codecs;
      readonly clock: { now(): number };
      readonly ids: { uuid(): string };
      readonly workspaceId: string;
      readonly start: (store: FaultyEventStore) => Promise<R>;
    },
  ) {}

  get now(): R {
    if (!this.running) throw new Error('nothing was given yet');
    return this.running;
  }

  /** This has happened before. */
  async given(...facts: readonly (Fact | readonly Fact[])[]): Promise<void> {
    this.running ??= await this.options.start(this.reached);
    for (const fact of facts.flat()) await this.write(fact);
    await this.running.caughtUp();
  }

  /** Somebody else is faster: this happens when the command is about to append to the same stream. */
  meanwhile(...facts: readonly (Fact | readonly Fact[])[]): void {
    const all = facts.flat();
    for (const stream of new Set(all.map((fact) => fact.stream))) {
      const some = all.filter((fact) => fact.stream === stream);
      this.reached.before(stream, async () => {
        for (const fact of some) await this.write(fact);
      });
    }
  }

  /** Something is done, by a command or, where there is none for it, by calling what does it. */
  when(what: C | ((running: R) => Promise<unknown>)): Outcome {
    return new Outcome(this.store, () => this.run(what));
  }

  /** What has happened in all streams after a position. */
  factsAfter(position: Position | undefined): Promise<Fact[]> {
    return factsAfter(this.store, position);
  }

  /** The last events of all streams as they are stored, the newest first. */
  async recorded(count: number): Promise<RecordedEvent[]> {
    const recorded: RecordedEvent[] = [];
    for await (const event of this.store.readAllBackwards(count)) recorded.push(event);
    return recorded;
  }

  async close(): Promise<void> {
    await this.running?.close();
    this.running = undefined;
  }

  /** From now on each `when` crashes once it has appended so often, and is tried again after a restart. */
  crashAfter(appends: number): void {
    this.crashesAfter = appends;
  }

  /** Everything runs anew on what has happened. */
  async restart(): Promise<void> {
    await this.close();
    this.reached = new FaultyEventStore(this.store);
    this.running = await this.options.start(this.reached);
    await this.running.caughtUp();
  }

  /** Whether any `when` has crashed. */
  hasCrashed = false;

  private async run(what: C | ((running: R) => Promise<unknown>)): Promise<unknown> {
    const once = () =>
      typeof what === 'function'
        ? (what as (running: R) => Promise<unknown>)(this.now)
        : this.now.execute(what);
    if (this.crashesAfter === undefined) return once();
    this.reached.dieAfter(this.crashesAfter);
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
      this.hasCrashed = true;
      await this.restart();
      return await once();
    } finally {
      this.reached.dieAfter(Infinity);
    }
  }

  private async write(fact: Fact): Promise<void> {
    await this.store.append(fact.stream, [this.encoded(fact)], 'any');
  }

  /** As it would be appended. */
  encoded({ stream, type, data }: Fact) {
    const { codecs, clock, ids, workspaceId } = this.options;
    const codec = codecs[stream.slice(0, stream.indexOf('-'))];
    if (!codec) throw new Error(`no codec for ${stream}`);
    const metadata = {
      $correlationId: 'given',
      $causationId: 'given',
      actor: { type: 'system' },
      workspaceId,
      occurredAt: new Date(clock.now()).toISOString(),
    };
    return codec.encode({ type, data } as never, ids.uuid(), metadata as never) as never;
  }
}

/** What comes of something that is done. Nothing is done before its outcome is asked for. */
export class Outcome {
  constructor(
    private readonly store: InMemoryEventStore,
    private readonly run: () => Promise<unknown>,
  ) {}

  /** Exactly this has happened, in all streams, in this order. @returns what was answered */
  async then(...facts: readonly (Fact | readonly Fact[])[]): Promise<unknown> {
    const before = await this.store.ping();
    const answer = await this.run();
    expect(await factsAfter(this.store, before)).toEqual(facts.flat());
    return answer;
  }

  /** It was refused for this reason, and nothing has happened. */
  async thenFails(reason: Partial<Reason>): Promise<void> {
    const before = await this.store.ping();
    const error: unknown = await this.run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Refusal);
    expect((error as Refusal).reason).toMatchObject(reason);
    expect(await factsAfter(this.store, before)).toEqual([]);
  }
}

async function factsAfter(store: InMemoryEventStore, after: Position | undefined): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const { stream, type, data } of (await recordedAfter(store, after)).reverse())
    facts.push({ stream, type, data: data as object });
  return facts;
}

async function recordedAfter(
  store: InMemoryEventStore,
  after: Position | undefined,
): Promise<RecordedEvent[]> {
  const recorded: RecordedEvent[] = [];
  for await (const event of store.readAllBackwards(Infinity)) {
    if (after && comparePositions(event.position, after) <= 0) break;
    recorded.push(event);
  }
  return recorded;
}

/**
 * Plays a scenario again and again, with a crash after its first append, after its second, and so on until none is
 * left to crash after. Each time it must come out the same.
 * @param make a scenario in a world of its own
 */
export async function afterEachCrash<
  S extends { crashAfter(appends: number): void; close(): Promise<void>; readonly hasCrashed: boolean },
>(make: () => S, play: (scenario: S) => Promise<void>): Promise<void> {
  for (let appends = 1; ; appends++) {
    const scenario = make();
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
}
