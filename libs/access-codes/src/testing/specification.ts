import { type Fact, type FaultyEventStore, type RecordedEvent, Scenario } from '@latchkey/event-sourcing';
import type { Config } from '@latchkey/platform';
import type { Command, Query } from '@nestjs/cqrs';
import { FeatureProcess } from './feature-process';
import { type Given, MAKER } from './givens';
import { type Installation, openInstallation } from './installation';
import { ACCOUNT_ID, opened, type PlainEvent, sealed } from './plain-events';

/** Everything that is due is done. */
export const works = (process: FeatureProcess): Promise<void> => process.work();

/**
 * The locks carry out their orders, their reports are taken, and what follows is done.
 * @param failing the error code with which they fail at it instead
 */
export const locksSettle =
  (failing?: string) =>
  async (process: FeatureProcess): Promise<void> => {
    for (const report of process.locks.settle(failing))
      await process.reports.take({ accountId: ACCOUNT_ID, maker: MAKER }, report);
    await process.work();
  };

/** The clock is set to an instant, ms, and everything that is due then is done. */
export const worksAt =
  (instant: number) =>
  async (process: FeatureProcess): Promise<void> => {
    process.putClock(instant);
    await process.work();
  };

/**
 * The feature on an event store in memory. Events are compared as far as they are named; PINs are in plain text in
 * place of what events hold of them.
 */
export class Feature extends Scenario<Command<unknown> | Query<unknown>, FeatureProcess, Installation> {
  private current: Installation | undefined;

  constructor(private readonly settings: Partial<Config> = {}) {
    super();
  }

  get installation(): Installation {
    return this.current!;
  }

  get store() {
    return this.installation.store;
  }

  get world(): Installation {
    return this.installation;
  }

  get locks() {
    return this.installation.locks;
  }

  async open(): Promise<void> {
    this.current = await openInstallation(this.settings);
  }

  override async close(): Promise<void> {
    await super.close();
    const installation = this.current;
    this.current = undefined;
    await installation?.close();
    expect(installation?.errors ?? []).toEqual([]);
  }

  /**
   * Just before this process appends to a stream with this prefix, others append these events.
   * @param prefix such as `accessCode-`
   */
  meanwhile(prefix: string, ...events: readonly PlainEvent[]): Given {
    return () => this.overtakenAt(prefix, ...events);
  }

  encoded(fact: Fact) {
    const { ids, clock, vault } = this.installation;
    return sealed(fact as PlainEvent, { id: ids.uuid(), at: clock.now(), vault });
  }

  override events(from?: number): Promise<PlainEvent[]> {
    return super.events(from) as Promise<PlainEvent[]>;
  }

  /** The PIN that a code was requested with; null once its key was erased. */
  async pinOfCode(): Promise<unknown> {
    return (await this.events()).find(({ type }) => type === 'CodeRequested')!.data.pin;
  }

  override check(events: readonly Fact[], expected: readonly Fact[]): void {
    expect(events).toMatchObject(expected);
  }

  protected override start(store: FaultyEventStore): Promise<FeatureProcess> {
    return FeatureProcess.start(this.installation, store);
  }

  /** Read from the first event on: earlier events show which PIN a fingerprint stands for. */
  protected override decoded(events: readonly RecordedEvent[]): Promise<PlainEvent[]> {
    return opened(events, this.installation.vault);
  }
}

/** A new feature for each test of the file, or of the block. */
export function useFeature(settings: Partial<Config> = {}): Feature {
  const feature = new Feature(settings);
  beforeEach(() => feature.beginAnew());
  afterEach(() => feature.close());
  return feature;
}
