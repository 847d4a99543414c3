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

/** Reads all events up to now in pages. It is for the owner alone, who may read everything. */
export const READ_HISTORY = ownerMethod('/latchkey.eventstore.History/Read', {
  requestStream: false,
  responseStream: true,
});

/** What is asked for, as JSON. */
export interface HistoryRequest {
  /** Events from beyond this position. */
  readonly after: number;
  /** Of streams whose names begin with one of these. */
  readonly prefixes: readonly string[];
}

export function historyService(parts: NodeParts): NodeService {
  const readHistory = (call: ServerWritableStream<Buffer, Buffer>): void => {
    const response = new ResponseStream(call as never);
    sendPages(parts, call.request, response).catch((error: unknown) => {
      if (isFault(error)) parts.report(error);
      response.fail(toRpcError(error));
    });
  };
  return { definition: { readHistory: READ_HISTORY }, implementation: { readHistory } };
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

/** @throws RpcError INVALID_ARGUMENT */
function requestOf(bytes: Buffer): HistoryRequest {
  let asked: Partial<HistoryRequest> | null;
  try {
    asked = JSON.parse(bytes.toString('utf8')) as Partial<HistoryRequest> | null;
  } catch {
    throw invalidArgument('The request is not JSON.');
  }
  const { after, prefixes } = asked ?? {};
  const named = Array.isArray(prefixes) && prefixes.every((prefix) => typeof prefix === 'string');
  if (!Number.isSafeInteger(after) || after! < 0 || !named)
    throw invalidArgument('It must say after which position, and of which streams.');
  return { after: after!, prefixes };
}
