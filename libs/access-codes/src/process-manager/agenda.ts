import {
  ACCOUNT,
  accountCodec,
  ACTION_ATTEMPT,
  CONNECT_WEBVIEW,
  DEVICE,
  deviceCodec,
  DOOR,
} from '@latchkey/devices';
import {
  type Projection,
  readerOf,
  type RecordedEvent,
  SeenRevisions,
  type Tables,
} from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { ACCESS_CODE, codeCodec } from '../domain/events';
import { KEYPAD, keypadCodec } from '../domain/keypad';
import { writtenAtOnce } from './agenda-changes';
import { foldAccount, foldCode, foldDevice, foldKeypad, makesDueAnew } from './agenda-fold';
import type { PlannedWith } from './circumstances';
import type { FoldedLooks } from './folded-looks';
import { GatheredChanges } from './gathered-changes';
import {
  AGENDA,
  AGENDA_VERSION,
  type AgendaTables,
  createAgendaTables,
  dropAgendaTables,
  indexAgenda,
  LOCK_CODES,
  LOCK_LEASES,
} from './agenda-tables';
import { keptLocks } from './kept-locks';
import { LooksFromMemory } from './looks-from-memory';

const prefixesOf = (...categories: string[]) => categories.map((category) => `${category}-`);

/** The streams whose events may require work. */
const AGENDA_PREFIXES = prefixesOf(ACCESS_CODE, KEYPAD, DEVICE, ACCOUNT);

/** The streams that the domain's events are in. */
export const DOMAIN_PREFIXES: readonly string[] = [
  ...AGENDA_PREFIXES,
  ...prefixesOf(DOOR, ACTION_ATTEMPT, CONNECT_WEBVIEW),
];

/** How each category of streams changes the agenda. */
const FOLDS: Readonly<Record<string, typeof foldCode>> = {
  [ACCESS_CODE]: foldCode,
  [KEYPAD]: foldKeypad,
  [DEVICE]: foldDevice,
  [ACCOUNT]: foldAccount,
};

/** Folds what is to be done, and when: a row for each code, device and account. */
export class AgendaProjection implements Projection {
  readonly name = 'agenda';
  readonly version = AGENDA_VERSION;
  readonly prefixes = AGENDA_PREFIXES;
  readonly tables = [AGENDA, LOCK_CODES, LOCK_LEASES];
  readonly read = readerOf({
    [ACCESS_CODE]: codeCodec,
    [KEYPAD]: keypadCodec,
    [DEVICE]: deviceCodec,
    [ACCOUNT]: accountCodec,
  });
  /** The revisions of streams that this process has seen. */
  readonly known = new SeenRevisions();

  /** In which locks were added that are not told of yet. */
  private lockAdded: Transaction<Tables> | undefined;
  /** Whether what was folded last made something due for now; what another process has folded may have. */
  private isDueNow = true;
  /** Whether this process has built it from the beginning. */
  private hasSeenAll: boolean | undefined;
  private readonly looks: LooksFromMemory | undefined;

  constructor(
    private readonly clock: { now(): number },
    /** Rows were made due; told whether some of them for now, or all for later. */
    private readonly onDue: (now: boolean) => void,
    /** Left out: each code is looked at whenever something has happened to it. */
    plannedWith?: PlannedWith,
    /** The same while it is built; only where no other process folds it. */
    private readonly whileBuilt?: FoldedLooks,
  ) {
    this.looks = plannedWith && new LooksFromMemory(this.known, clock, plannedWith);
  }

  create(db: Kysely<Tables>): Promise<void> {
    return createAgendaTables(db);
  }

  index(db: Kysely<Tables>): Promise<void> {
    return indexAgenda(db);
  }

  drop(db: Kysely<Tables>, version: number): Promise<void> {
    return dropAgendaTables(db, version);
  }

  async apply(
    trx: Transaction<Tables>,
    events: readonly RecordedEvent[],
    { building = false } = {},
  ): Promise<void> {
    const db = trx as Transaction<AgendaTables>;
    const changes = building ? await GatheredChanges.of(db, events) : writtenAtOnce(db);
    const now = this.clock.now();
    if (events.some(({ type }) => type === 'DeviceAdded')) this.lockAdded = trx;
    const folded = building ? await this.foldedLooks(db) : undefined;
    const looks = building ? folded : this.looks;
    for (const [n, event] of events.entries()) {
      const category = event.stream.slice(0, event.stream.indexOf('-'));
      const id = event.stream.slice(category.length + 1);
      folded?.see(category, id, event);
      const next = events[n + 1];
      const overtaken = next?.stream === event.stream && makesDueAnew(next);
      await FOLDS[category]!(changes, id, event, { now, overtaken, looks });
    }
    await changes.write();
    this.isDueNow = changes.earliest <= now;
  }

  /** Undefined where building goes on that was begun before: not all events were seen here. */
  private async foldedLooks(db: Transaction<AgendaTables>): Promise<FoldedLooks | undefined> {
    this.hasSeenAll ??=
      (await db.selectFrom(AGENDA).select('subject').limit(1).executeTakeFirst()) === undefined;
    return this.hasSeenAll ? this.whileBuilt : undefined;
  }

  /** Before an event is in a row: the process that claims the row must not plan on older states. */
  onSeen(events: readonly RecordedEvent[]): void {
    this.known.see(events);
  }

  onApplied(): void {
    if (this.lockAdded) keptLocks.forget(this.lockAdded);
    this.lockAdded = undefined;
    const { isDueNow } = this;
    this.isDueNow = true;
    this.onDue(isDueNow);
  }
}
