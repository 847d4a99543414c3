import { type Page, pageOf, type PageRequest, type RowKey, startOf } from '@latchkey/platform';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { asOf } from '../domain/code-history';
import { changesBetween, openerAt, type Opener } from '../domain/door';
import type { AuditEntry } from '../domain/entry';
import { Doors } from './doors';
import { GetHistoryHandler } from './get-history';
import { type AtDoor, type DoorAt, GetDoorAt, GetDoorBetween, GetHistory, MOST_ENTRIES } from './queries';

@QueryHandler(GetDoorAt)
export class GetDoorAtHandler implements IQueryHandler<GetDoorAt> {
  constructor(private readonly doors: Doors) {}

  async execute({ workspaceId, deviceId, at }: GetDoorAt): Promise<DoorAt> {
    const lock = await this.doors.lock(workspaceId, deviceId);
    const openers: Opener[] = [];
    for await (const moments of this.doors.codesBetween(deviceId, at, at)) {
      const opener = openerAt(moments, lock, at);
      if (opener) openers.push(opener);
    }
    return { lock: asOf(lock, (moment) => moment.at, at) ?? null, openers };
  }
}

/** What is shown of a door's use. */
const USES = ['DoorLocked', 'DoorUnlocked', 'AccessDenied'];

@QueryHandler(GetDoorBetween)
export class GetDoorBetweenHandler implements IQueryHandler<GetDoorBetween> {
  constructor(
    private readonly doors: Doors,
    private readonly history: GetHistoryHandler,
  ) {}

  async execute(query: GetDoorBetween): Promise<Page<AtDoor>> {
    const { workspaceId, deviceId, from, to, page } = query;
    const lock = await this.doors.lock(workspaceId, deviceId);
    const filters = { workspaceId, deviceId, from, to };
    const start = startOf(page, filters);
    const begin = Math.max(from, start.at - 1);
    const all: AtDoor[] = [];
    for await (const moments of this.doors.codesBetween(deviceId, begin, to)) {
      for (const change of changesBetween(moments, lock, begin, to)) all.push({ is: 'change', change });
    }
    for await (const entry of this.uses(query, begin, page)) all.push({ is: 'use', entry });
    const after = all.filter((each) => compareKeys(keyOf(each), start) > 0);
    after.sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
    return pageOf(after.slice(0, page.limit + 1), page, filters, keyOf, (each) => each);
  }

  /** One more than the page can hold. */
  private async *uses({ workspaceId, deviceId, to }: GetDoorBetween, from: number, { limit }: PageRequest) {
    const filter = { deviceId, eventTypes: USES, since: from + 1, until: to + 1 };
    let left = limit + 1;
    for (let cursor: string | null | undefined; left > 0 && cursor !== null;) {
      const request = { limit: Math.min(left, MOST_ENTRIES), ...(cursor === undefined ? {} : { cursor }) };
      const query = new GetHistory(workspaceId, filter, request);
      const { items, pagination }: Page<AuditEntry> = await this.history.execute(query);
      yield* items;
      left -= items.length;
      cursor = pagination.next_page_cursor;
    }
  }
}

const keyOf = (each: AtDoor): RowKey =>
  each.is === 'change'
    ? { at: each.change.at, id: each.change.codeId }
    : { at: each.entry.occurredAt, id: each.entry.eventId };

function compareKeys(a: RowKey, b: RowKey): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
