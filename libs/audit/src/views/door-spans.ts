import type { Database } from '@latchkey/database';
import { AUDIT_DATABASE, type Clock, CLOCK, type Page, type RowKey, START } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { changesBetween, type LockMoment, trustChanges } from '../domain/door';
import type { AuditEntry } from '../domain/entry';
import { type AuditTables, ENTRIES } from './audit-tables';
import { Doors, type Lives } from './doors';
import { GetHistoryHandler } from './get-history';
import { type AtDoor, type DoorSpan, GetHistory, MOST_ENTRIES } from './queries';

/** What is shown of a door's use. */
const USES = ['DoorLocked', 'DoorUnlocked', 'AccessDenied', 'LockTampered', 'LockJammed'];

/** The number of facts of a lock in a slice. */
const FEWEST = 20;
const MOST = 2_000;

/**
 * What happened at a door, in order. A span is read in slices of time: a slice needs only the codes that were on the
 * lock in it, however many there were in the whole span.
 */
@Injectable()
export class DoorSpans {
  constructor(
    @Inject(AUDIT_DATABASE) private readonly database: Database<AuditTables>,
    private readonly doors: Doors,
    private readonly history: GetHistoryHandler,
    @Inject(CLOCK) private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /**
   * What comes after a place, read as it is taken.
   * @param wanted how many of them will be taken, as far as that is known
   * @throws {Refusal} absent, where the workspace has no such lock
   */
  async of(span: DoorSpan, after: RowKey = START, wanted = MOST): Promise<AsyncIterable<readonly AtDoor[]>> {
    const lock = trustChanges(await this.doors.lock(span.workspaceId, span.deviceId));
    // What a code's time frame would open later has not happened yet.
    const to = Math.min(span.to, this.clock.now());
    return this.slices({ ...span, to }, lock, after, Math.min(Math.max(wanted, FEWEST), MOST));
  }

  private async *slices(
    span: DoorSpan,
    lock: readonly LockMoment[],
    after: RowKey,
    facts: number,
  ): AsyncIterable<readonly AtDoor[]> {
    const lives: Lives = new Map();
    for (let from = Math.max(span.from, after.at - 1); from < span.to;) {
      const to = await this.endOf({ ...span, from }, facts);
      const found: AtDoor[] = [];
      for await (const moments of this.doors.codesBetween(span.deviceId, from, to, lives)) {
        for (const change of changesBetween(moments, lock, from, to)) found.push({ is: 'change', change });
      }
      for await (const entries of this.uses({ ...span, from, to }))
        for (const entry of entries) found.push({ is: 'use', entry });
      found.sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
      yield found.filter((each) => compareKeys(keyOf(each), after) > 0);
      from = to;
    }
  }

  /** The instant of the last of so many facts of the lock; the end of the span, where fewer are left in it. */
  private async endOf({ workspaceId, deviceId, from, to }: DoorSpan, facts: number): Promise<number> {
    const last = await this.database.db
      .selectFrom(ENTRIES)
      .select('occurred_at')
      .where('workspace_id', '=', workspaceId)
      .where('device_id', '=', deviceId)
      .where('occurred_at', '>', from)
      .where('occurred_at', '<=', to)
      .orderBy('occurred_at')
      .orderBy('commit_position')
      .orderBy('prepare_position')
      .offset(facts - 1)
      .limit(1)
      .executeTakeFirst();
    return last?.occurred_at ?? to;
  }

  private async *uses({ workspaceId, deviceId, from, to }: DoorSpan): AsyncIterable<readonly AuditEntry[]> {
    const filter = { deviceId, eventTypes: USES, since: from + 1, until: to + 1 };
    for (let cursor: string | null | undefined; cursor !== null;) {
      const request = { limit: MOST_ENTRIES, ...(cursor === undefined ? {} : { cursor }) };
      const query = new GetHistory(workspaceId, filter, request);
      const { items, pagination }: Page<AuditEntry> = await this.history.execute(query);
      yield items;
      cursor = pagination.next_page_cursor;
    }
  }
}

/** Its place in the order of what happened. */
export const keyOf = (each: AtDoor): RowKey =>
  each.is === 'change'
    ? { at: each.change.at, id: each.change.codeId }
    : { at: each.entry.occurredAt, id: each.entry.eventId };

function compareKeys(a: RowKey, b: RowKey): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
