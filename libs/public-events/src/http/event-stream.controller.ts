import { AskedBy, By, type Caller, Header, Params, Reply, SeamRoute, StillAllowed } from '@latchkey/http';
import { Controller } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { EventStreams } from '../event-stream/event-streams';
import { filterOf, ofOthers, StreamEventsParams } from './event-params';

const MEDIA_TYPE = 'text/event-stream';

/** /events/stream: events as they happen, over a connection that stays open. */
@Controller()
export class EventStreamController {
  constructor(private readonly streams: EventStreams) {}

  @SeamRoute('/events/stream', ['GET'], {
    summary: 'Events as they happen, as server-sent events; without PINs',
    params: StreamEventsParams,
    streams: MEDIA_TYPE,
  })
  async stream(
    @By() { workspaceId }: Caller,
    @StillAllowed() isAllowed: () => Promise<boolean>,
    @Params(StreamEventsParams) params: StreamEventsParams,
    @Header('last-event-id') header: string | undefined,
    @AskedBy() verb: string,
    @Reply() reply: FastifyReply,
  ): Promise<void> {
    // Things that do not exist here have no events.
    const filter = ofOthers(params) ? { eventIds: [] } : filterOf(params);
    const lastEventId = params.last_event_id ?? (header === '' ? undefined : header);
    const events = await this.streams.start({ workspaceId, filter, lastEventId, isAllowed });
    if (verb === 'HEAD') events.body.destroy();
    // Proxies that gather answers would keep events back.
    void reply.headers({ 'content-type': MEDIA_TYPE, 'x-accel-buffering': 'no' });
    await reply.send(verb === 'HEAD' ? undefined : events.body);
  }
}
