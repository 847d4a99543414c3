import { type ServerWritableStream } from '@grpc/grpc-js';
import { type NodeService } from '../protocol/definitions';
import { ownerMethod } from '../protocol/owner-method';
import { ResponseStream } from '../protocol/response-stream';
import { invalidArgument, isFault, toRpcError } from '../protocol/rpc-error';
import { nextTurn } from '../protocol/signal';
import { type NodeParts } from '../streams/context';
import { encodePage } from './history-page';

/** Positions count bytes: of so many a page is made, so that no read holds up the loop, or fills the memory. */
const PAGE_BYTES = 512 * 1024;
/** As many events of a stream as a page has at most; fewer where they are large. */
const EVENTS_IN_A_PAGE = 500;

/** Reads all events up to now in pages. It is for the owner alone, who may read everything. */
export const READ_HISTORY = ownerMethod('/latchkey.eventstore.History/Read', {
  requestStream: false,
  responseStream: true,
});

/** Reads the events of one stream that can be seen, from a revision on, in pages. */
export const READ_STREAM_HISTORY = ownerMethod('/latchkey.eventstore.History/ReadStream', {
  requestStream: false,
  responseStream: true,
});

/** What is asked for of a stream, as JSON; without events where there is no such stream. */
export interface StreamRequest {
  readonly stream: string;
  readonly fromRevision: number;
}

/** What is asked for, as JSON. */
export interface HistoryRequest {
  /** Events from beyond this position. */
  readonly after: number;
  /** Of streams whose names begin with one of these. */
  readonly prefixes: readonly string[];
}

export function historyService(parts: NodeParts): NodeService {
  const answering =
    (send: (parts: NodeParts, request: Buffer, response: ResponseStream) => Promise<void>) =>
    (call: ServerWritableStream<Buffer, Buffer>): void => {
      const response = new ResponseStream(call as never);
      send(parts, call.request, response).catch((error: unknown) => {
        if (isFault(error)) parts.report(error);
        response.fail(toRpcError(error));
      });
    };
  return {
    definition: { readHistory: READ_HISTORY, readStream: READ_STREAM_HISTORY },
    implementation: { readHistory: answering(sendPages), readStream: answering(sendStream) },
  };
}

async function sendPages({ log }: NodeParts, request: Buffer, response: ResponseStream): Promise<void> {
  const { after, prefixes } = requestOf(request);
  const end = log.lastPosition;
  let upTo = after;
  while (response.isOpen && upTo < end) {
    const from = upTo;
    // A place where nothing is may be as large as what was erased there, and an event larger than a page.
    const next = log.nextPosition(from) ?? end;
    upTo = Math.min(end, Math.max(from + PAGE_BYTES, next));
    await response.write(encodePage(log.between(from, upTo, prefixes), upTo));
    await nextTurn();
  }
  response.end();
}

async function sendStream({ reader }: NodeParts, request: Buffer, response: ResponseStream): Promise<void> {
  const { stream, fromRevision } = streamRequestOf(request);
  const view = reader.view(stream);
  let next = fromRevision;
  while (response.isOpen && view.kind === 'present') {
    const events = reader.forwards(view, next, EVENTS_IN_A_PAGE);
    const last = events.at(-1);
    if (!last) break;
    await response.write(encodePage(events, last.position));
    if (last.revision >= view.lastRevision) break;
    next = last.revision + 1;
    await nextTurn();
  }
  response.end();
}

/** @throws RpcError INVALID_ARGUMENT */
function streamRequestOf(bytes: Buffer): StreamRequest {
  const { stream, fromRevision } = json<StreamRequest>(bytes);
  if (typeof stream !== 'string' || !Number.isSafeInteger(fromRevision) || fromRevision! < 0)
    throw invalidArgument('It must say of which stream, and from which revision on.');
  return { stream, fromRevision: fromRevision! };
}

/** @throws RpcError INVALID_ARGUMENT */
function requestOf(bytes: Buffer): HistoryRequest {
  const { after, prefixes } = json<HistoryRequest>(bytes);
  const named = Array.isArray(prefixes) && prefixes.every((prefix) => typeof prefix === 'string');
  if (!Number.isSafeInteger(after) || after! < 0 || !named)
    throw invalidArgument('It must say after which position, and of which streams.');
  return { after: after!, prefixes };
}

function json<T>(bytes: Buffer): Partial<T> {
  try {
    return (JSON.parse(bytes.toString('utf8')) as Partial<T> | null) ?? {};
  } catch {
    throw invalidArgument('The request is not JSON.');
  }
}
