import {
  type EventStore,
  type Position,
  ProcessDied,
  type Reason,
  type RecordedEvent,
  Refusal,
} from '@latchkey/event-sourcing';
import type { Config } from '@latchkey/platform';
import { Command, Query } from '@nestjs/cqrs';
import { FeatureProcess } from './feature-process';
import { type Given, MAKER } from './givens';
import { type Installation, openInstallation } from './installation';
import { ACCOUNT_ID, opened, type PlainEvent, sealed } from './plain-events';

/** A command or query of the feature, or something else that a process does. */
export type When = Command<unknown> | Query<unknown> | ((process: FeatureProcess) => unknown);

/** Everything that is due is done. */
export const works = (process: FeatureProcess): Promise<void> => process.work();

/**
 * The locks do what they were asked for, their reports are taken, and what follows is done.
 * @param failing the error code with which they fail at it instead
 */
export const locksSettle =
  (failing?: string) =>
  async (process: FeatureProcess): Promise<void> => {
    for (const report of process.locks.settle(failing))
      await process.reports.take({ accountId: ACCOUNT_ID, maker: MAKER }, report);
    await process.work();
  };

/** The clock is put to an instant, ms, and everything that is due then is done. */
export const worksAt =
  (instant: number) =>
  async (process: FeatureProcess): Promise<void> => {
    process.putClock(instant);
    await process.work();
  };

/** So many appends at most are between two crashes. */
const CRASHES_AT_MOST = 20;

/**
 * The feature on an event store in memory, with the words of a specification:
 *
 *     await feature.given(aLock(), aCode()).when(new DeleteAccessCode(caller(), CODE)).then(onCode('RemovalStarted'));
 *
 * What is given was stored before; `then` tells every event that has come since, in order, each as far as it is told.
 */
export class Feature {
  private current: { installation: Installation; process: FeatureProcess } | undefined;

  constructor(private readonly settings: Partial<Config> = {}) {}

  get installation(): Installation {
    return this.current!.installation;
  }

  get process(): FeatureProcess {
    return this.current!.process;
  }

  get locks() {
    return this.installation.locks;
  }

  given(...given: readonly Given[]): Whens {
    return new Whens(this, given);
  }

  /** @param whens one after the other; what the last comes to counts */
  when(...whens: readonly When[]): Then {
    return this.given().when(...whens);
  }

  async begin(): Promise<void> {
    const installation = await openInstallation(this.settings);
    this.current = { installation, process: await FeatureProcess.start(installation) };
  }

  async end(): Promise<void> {
    if (!this.current) return;
    const { installation, process } = this.current;
    this.current = undefined;
    await process.stop();
    await installation.close();
    expect(installation.errors).toEqual([]);
  }

  async beginAnew(): Promise<void> {
    await this.end();
    await this.begin();
  }

  /** Another process takes the place of this one, which may have died. */
  async restart(): Promise<void> {
    await this.process.stop();
    this.current = { ...this.current!, process: await FeatureProcess.start(this.installation) };
  }

  async store(given: readonly Given[]): Promise<void> {
    const { installation } = this;
    for (const each of given) {
      if (isEvent(each)) await append(installation, each);
      else if (typeof each === 'function') await each(installation);
      else await this.store(each);
    }
    await this.process.caughtUp();
  }

  /**
   * Just before this process appends to a stream whose name begins so, others append these.
   * @param prefix such as `accessCode-`
   */
  meanwhile(prefix: string, ...events: readonly PlainEvent[]): Given {
    return (installation) =>
      this.process.store.before(prefix, async () => {
        for (const each of events) await append(installation, each);
      });
  }

  async do(when: When): Promise<unknown> {
    const { process } = this;
    if (when instanceof Command) return process.commands.execute(when);
    if (when instanceof Query) return process.queries.execute(when);
    return when(process);
  }

  async events(from = 0): Promise<PlainEvent[]> {
    return (await this.recorded(from)).slice();
  }

  /** Where the last event of a stream stands. */
  async endOf(stream: string): Promise<Position | undefined> {
    for await (const { position } of this.installation.store.readBackwards(stream, 1)) return position;
    return undefined;
  }

  async countEvents(): Promise<number> {
    return (await allOf(this.installation.store)).length;
  }

  private async recorded(from: number): Promise<PlainEvent[]> {
    const { store, vault } = this.installation;
    // Opened from the beginning: a PIN is told by what came before.
    return (await opened(await allOf(store), vault)).slice(from);
  }
}

class Whens {
  constructor(
    private readonly feature: Feature,
    private readonly given: readonly Given[],
  ) {}

  /** @param whens one after the other; what the last comes to counts */
  when(...whens: readonly When[]): Then {
    return new Then(this.feature, this.given, whens);
  }

  /** Nothing is asked: what is given is there afterwards. */
  async holds(): Promise<void> {
    await this.feature.store(this.given);
  }
}

class Then {
  constructor(
    private readonly feature: Feature,
    private readonly given: readonly Given[],
    private readonly whens: readonly When[],
  ) {}

  /**
   * It is done, and these events come of it and no others.
   * @returns what the last one came to
   */
  async then(...expected: readonly PlainEvent[]): Promise<unknown> {
    const { feature } = this;
    await feature.store(this.given);
    const before = await feature.countEvents();
    const result = await this.do();
    expect(await feature.events(before)).toMatchObject(expected);
    return result;
  }

  /** The last one is refused for that reason; nothing is stored but these. */
  async thenFails(reason: Partial<Reason>, ...expected: readonly PlainEvent[]): Promise<void> {
    const { feature } = this;
    await feature.store(this.given);
    const before = await feature.countEvents();
    const failed: unknown = await this.do().then(
      (result) => ({ itWasDone: result }),
      (error: unknown) => error,
    );
    if (failed instanceof Error && !(failed instanceof Refusal)) throw failed;
    expect(failed).toMatchObject({ reason });
    expect(await feature.events(before)).toMatchObject(expected);
  }

  /**
   * The process dies after each append in turn, and a new one is asked the same again: each time it comes to these
   * events and no others.
   */
  async thenThroughCrashes(...expected: readonly PlainEvent[]): Promise<void> {
    const { feature } = this;
    for (let appends = 0; appends <= CRASHES_AT_MOST; appends++) {
      await feature.beginAnew();
      await feature.store(this.given);
      const before = await feature.countEvents();
      const died = await this.doUntilItDies(appends);
      if (died) {
        await feature.restart();
        await this.do();
      }
      expect({ appends, events: await feature.events(before) }).toMatchObject({ appends, events: expected });
      // The last crash is the one that comes when all is done: from then on nobody dies.
      if (!died) return expect(appends).toBeGreaterThan(1);
    }
    throw new Error(`it still appends after ${CRASHES_AT_MOST} appends`);
  }

  private async doUntilItDies(appends: number): Promise<boolean> {
    const { store } = this.feature.process;
    store.dieAfter(appends);
    const died = await this.do().then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof ProcessDied)) throw error;
        return true;
      },
    );
    if (!died) store.dieAfter(Infinity);
    return died;
  }

  private async do(): Promise<unknown> {
    let result: unknown;
    for (const when of this.whens) result = await this.feature.do(when);
    return result;
  }
}

/** A new feature for each test of the file, or of the block. */
export function useFeature(settings: Partial<Config> = {}): Feature {
  const feature = new Feature(settings);
  beforeEach(() => feature.begin());
  afterEach(() => feature.end());
  return feature;
}

const isEvent = (given: Given): given is PlainEvent => typeof given === 'object' && 'stream' in given;

async function append({ store, ids, clock, vault }: Installation, event: PlainEvent): Promise<void> {
  const stored = await sealed(event, { id: ids.uuid(), at: clock.now(), vault });
  await store.append(event.stream, [stored], 'any');
}

async function allOf(store: EventStore): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const event of store.readAllBackwards(Number.MAX_SAFE_INTEGER)) all.unshift(event);
  return all;
}
