import { type Page, pageOf, startOf } from '@latchkey/platform';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { asOf } from '../domain/code-history';
import { openerAt, type Opener } from '../domain/door';
import { DoorSpans, keyOf } from './door-spans';
import { Doors } from './doors';
import { type AtDoor, type DoorAt, FollowDoorBetween, GetDoorAt, GetDoorBetween } from './queries';

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

@QueryHandler(GetDoorBetween)
export class GetDoorBetweenHandler implements IQueryHandler<GetDoorBetween> {
  constructor(private readonly spans: DoorSpans) {}

  async execute({ page, ...query }: GetDoorBetween): Promise<Page<AtDoor>> {
    const { workspaceId, deviceId, from, to } = query;
    const filters = { workspaceId, deviceId, from, to };
    const found: AtDoor[] = [];
    for await (const some of await this.spans.of(query, startOf(page, filters), page.limit)) {
      found.push(...some);
      if (found.length > page.limit) break;
    }
    return pageOf(found, page, filters, keyOf, (each) => each);
  }
}

@QueryHandler(FollowDoorBetween)
export class FollowDoorBetweenHandler implements IQueryHandler<FollowDoorBetween> {
  constructor(private readonly spans: DoorSpans) {}

  execute(query: FollowDoorBetween): Promise<AsyncIterable<readonly AtDoor[]>> {
    return this.spans.of(query);
  }
}
