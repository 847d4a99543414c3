import { ACCOUNT, ACTION_ATTEMPT, CONNECT_WEBVIEW, DEVICE, DOOR } from '@latchkey/devices';
import type { KnownRevisions, Projection, RecordedEvent, Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { ACCESS_CODE } from '../domain/events';
import { KEYPAD } from '../domain/keypad';
import { foldAccount, foldCode, foldDevice, foldKeypad } from './agenda-fold';
import { AGENDA_VERSION, type AgendaTables, createAgendaTables, dropAgendaTables } from './agenda-tables';

const prefixesOf = (...categories: string[]) => categories.map((category) => `${category}-`);

/** The streams whose events call for something to be done. */
const AGENDA_PREFIXES = prefixesOf(ACCESS_CODE, KEYPAD, DEVICE, ACCOUNT);

/** The streams that the domain's events are in. */
export const DOMAIN_PREFIXES: readonly string[] = [
  ...AGENDA_PREFIXES,
  ...prefixesOf(DOOR, ACTION_ATTEMPT, CONNECT_WEBVIEW),
];

/** Of so many streams the newest revision is kept in memory. */
const KNOWN_AT_MOST = 50_000;

/** What each category of streams does to the agenda. */
const FOLDS: Readonly<Record<string, typeof foldCode>> = {
  [ACCESS_CODE]: foldCode,
  [KEYPAD]: foldKeypad,
  [DEVICE]: foldDevice,
  [ACCOUNT]: foldAccount,
};

/** Folds what is to be done, and when: a row for each code, device and account. */
export class AgendaProjection implements Projection, KnownRevisions {
  readonly name = 'agenda';
  readonly version = AGENDA_VERSION;
  readonly prefixes = AGENDA_PREFIXES;
  private readonly revisions = new Map<string, number>();

  constructor(
    private readonly clock: { now(): number },
    private readonly onDue: () => void,
  ) {}

  create(db: Kysely<Tables>): Promise<void> {
    return createAgendaTables(db);
  }

  drop(db: Kysely<Tables>, version: number): Promise<void> {
    return dropAgendaTables(db, version);
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const now = this.clock.now();
    for (const event of events) {
      const category = event.stream.slice(0, event.stream.indexOf('-'));
      const id = event.stream.slice(category.length + 1);
      await FOLDS[category]!(trx as Transaction<AgendaTables>, id, event, now);
    }
  }

  onApplied(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      this.revisions.delete(event.stream);
      this.revisions.set(event.stream, event.revision);
    }
    // Of a stream that is forgotten here the store is asked again.
    const oldest = this.revisions.keys();
    while (this.revisions.size > KNOWN_AT_MOST) this.revisions.delete(oldest.next().value!);
    this.onDue();
  }

  atLeast(stream: string): number | undefined {
    return this.revisions.get(stream);
  }
}
