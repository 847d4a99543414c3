import {
  encodeFirstStreamPosition,
  encodeLastStreamPosition,
  encodeReadEvent,
  encodeStreamNotFound,
} from '../protocol/read-response';
import { type ResponseStream } from '../protocol/response-stream';
import { streamDeleted, unhandled } from '../protocol/rpc-error';
import { nextTurn } from '../protocol/signal';
import { type EventLog } from '../storage/event-log';
import { type StoredEvent } from '../storage/stored-event';
import { PageSize } from './page-size';
import { MATCH_ALL, type ReadRequest } from './read-request';
import { type PresentStream, type StreamReader } from './stream-reader';

/** As many events as a real server reads in one page: it decides when a first position is announced. */
const ANNOUNCED_PAGE = 32;

/** What a real server says to a stream read that can have no answer. */
const READ_ERROR = 'Unexpected ReadStreamResult: Error';

/** Answers a finite read of a stream. */
export async function readStream(
  reader: StreamReader,
  request: ReadRequest,
  name: string,
  response: ResponseStream,
): Promise<void> {
  const view = reader.view(name);
  if (view.kind === 'deleted') return response.fail(streamDeleted(name));
  if (view.kind === 'absent') {
    await response.write(encodeStreamNotFound(name));
    return response.end();
  }
  const backwards = request.direction === 'backwards';
  if (request.maxCount === 0 || (request.from === 'end' && !backwards)) throw unhandled(READ_ERROR);
  let next = startOf(request, view);
  let rest = request.maxCount ?? 0;
  if (
    request.compatibility >= 1 &&
    !backwards &&
    next + Math.min(ANNOUNCED_PAGE, rest) <= view.firstRevision
  ) {
    await response.write(encodeFirstStreamPosition(view.firstRevision));
  }
  const pages = new PageSize();
  while (response.isOpen && rest > 0) {
    const limit = Math.min(pages.current, rest);
    const page = backwards ? reader.backwards(view, next, limit) : reader.forwards(view, next, limit);
    for (const event of page) {
      await send(reader, event, request, response);
    }
    rest -= page.length;
    const last = page.at(-1)?.revision;
    if (last === undefined || last === (backwards ? view.firstRevision : view.lastRevision)) break;
    next = last + (backwards ? -1 : 1);
    pages.learn(page);
    await nextTurn();
  }
  if (request.compatibility >= 1) await response.write(encodeLastStreamPosition(view.lastRevision));
  response.end();
}

function startOf(request: ReadRequest, view: PresentStream): number {
  if (request.from === 'start') return 0;
  if (request.from === 'end') {
    return request.direction === 'backwards' ? view.lastRevision : view.lastRevision + 1;
  }
  return request.from;
}

/** Answers a finite read of `$all`: forwards from a position, that one included; backwards, without it. */
export async function readAll(
  log: EventLog,
  reader: StreamReader,
  request: ReadRequest,
  response: ResponseStream,
): Promise<void> {
  const backwards = request.direction === 'backwards';
  const filter = request.filter ?? MATCH_ALL;
  let next = allStart(log, request);
  let rest = request.maxCount ?? 0;
  const pages = new PageSize();
  while (response.isOpen && rest > 0) {
    const limit = request.filter ? pages.current : Math.min(pages.current, rest);
    const page = backwards ? log.before(next, limit) : log.after(next, limit);
    for (const event of page) {
      if (rest === 0) break;
      if (!filter.matches(event)) continue;
      rest -= 1;
      await send(reader, event, request, response);
    }
    if (page.length === 0) break;
    next = page.at(-1)!.position;
    pages.learn(page);
    await nextTurn();
  }
  response.end();
}

function allStart(log: EventLog, request: ReadRequest): number {
  const backwards = request.direction === 'backwards';
  if (request.from === 'start') return 0;
  if (request.from === 'end') return backwards ? log.lastPosition + 1 : log.lastPosition;
  return backwards ? request.from : request.from - 1;
}

function send(
  reader: StreamReader,
  event: StoredEvent,
  request: ReadRequest,
  response: ResponseStream,
): Promise<void> | undefined {
  return response.write(encodeReadEvent(reader.resolve(event, request.resolveLinks), request.uuids));
}
