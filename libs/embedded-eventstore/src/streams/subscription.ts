import { randomUUID } from 'node:crypto';
import { CAUGHT_UP, encodeCheckpoint, encodeConfirmation, encodeReadEvent } from '../protocol/read-response';
import { type ResponseStream } from '../protocol/response-stream';
import { streamDeleted } from '../protocol/rpc-error';
import { nextTurn, Signal } from '../protocol/signal';
import { type EventLog } from '../storage/event-log';
import { PageSize } from './page-size';
import { type ReadRequest } from './read-request';
import { type StreamReader } from './stream-reader';

/**
 * Catch-up subscriptions pull: a subscriber's place in the log is one number, and both history and news are whatever
 * lies beyond it. There is no seam at which an event could be missed or sent twice, and a slow subscriber costs
 * nothing but that number.
 */

/** Serves a subscription to `$all` until the call ends. */
export async function subscribeToAll(
  log: EventLog,
  reader: StreamReader,
  request: ReadRequest,
  response: ResponseStream,
): Promise<void> {
  const { filter, from } = request;
  const signal = new Signal();
  const stop = log.changes.onAny(signal.notify);
  response.onEnd(() => {
    stop();
    signal.notify();
  });
  let position = from === 'start' ? 0 : Math.min(from === 'end' ? Infinity : from, log.lastPosition);
  let caughtUp = false;
  let sinceCheckpoint = 0;
  const pages = new PageSize();
  await response.write(encodeConfirmation(randomUUID()));
  while (response.isOpen) {
    const page = log.after(position, pages.current);
    for (const event of page) {
      if (!response.isOpen) return;
      position = event.position;
      if (!filter || filter.matches(event)) {
        await response.write(encodeReadEvent(reader.resolve(event, request.resolveLinks), request.uuids));
      }
      if (!filter) continue;
      sinceCheckpoint += 1;
      // A reader that is about to hear that it has caught up needs no checkpoint just before.
      const atEnd = !caughtUp && position === log.lastPosition;
      if (sinceCheckpoint >= filter.checkpointInterval && !atEnd) {
        sinceCheckpoint = 0;
        await response.write(encodeCheckpoint(position));
      }
    }
    pages.learn(page);
    if (page.length > 0) {
      if (!caughtUp) await nextTurn();
      continue;
    }
    if (!caughtUp) {
      caughtUp = true;
      await response.write(CAUGHT_UP);
    } else {
      await signal.wait();
    }
  }
}

/** Serves a subscription to a stream until the call ends or the stream is tombstoned. */
export async function subscribeToStream(
  log: EventLog,
  reader: StreamReader,
  request: ReadRequest,
  name: string,
  response: ResponseStream,
): Promise<void> {
  const { from } = request;
  const signal = new Signal();
  const stop = log.changes.onStream(name, signal.notify);
  response.onEnd(() => {
    stop();
    signal.notify();
  });
  let revision = from === 'start' ? -1 : from === 'end' ? (log.head(name)?.lastRevision ?? -1) : from;
  let caughtUp = false;
  let confirmed = false;
  const pages = new PageSize();
  while (response.isOpen) {
    const view = reader.view(name);
    if (view.kind === 'deleted') return response.fail(streamDeleted(name));
    if (!confirmed) {
      confirmed = true;
      await response.write(encodeConfirmation(randomUUID()));
    }
    const page = view.kind === 'present' ? reader.forwards(view, revision + 1, pages.current) : [];
    for (const event of page) {
      if (!response.isOpen) return;
      revision = event.revision;
      await response.write(encodeReadEvent(reader.resolve(event, request.resolveLinks), request.uuids));
    }
    pages.learn(page);
    if (page.length > 0) {
      if (!caughtUp) await nextTurn();
      continue;
    }
    // As on a real server: of a stream that is not there nobody has caught up.
    if (!caughtUp && view.kind === 'present') {
      caughtUp = true;
      await response.write(CAUGHT_UP);
    } else {
      await signal.wait();
    }
  }
}
