import { Client, credentials } from '@grpc/grpc-js';
import { decodePage, type HistoryPage } from './history-page';
import {
  type HistoryRequest,
  READ_HISTORY,
  READ_STREAM_HISTORY,
  type StreamRequest,
} from './history-service';

/** How long the node may take for the next page, ms. */
const PAGE_WITHIN_MS = 10_000;

/**
 * Reads what a private node at an address, see `ownerAddress`, has up to now, in order. It is read ahead by some pages
 * while one is worked on.
 * @param pageWithinMs when no page has come for so long, it is given up (CANCELLED)
 * @throws ServiceError when the node does not answer, is not one of these, or finds its file damaged (DATA_LOSS)
 */
export async function* readHistory(
  address: string,
  request: HistoryRequest,
  pageWithinMs = PAGE_WITHIN_MS,
): AsyncIterable<HistoryPage> {
  const client = clientOf(address);
  try {
    yield* pagesOf(client, READ_HISTORY, request, pageWithinMs);
  } finally {
    client.close();
  }
}

/** Reads streams of a private node in the same way, one connection for all of them. */
export class StreamHistory {
  private readonly client: Client;

  constructor(address: string) {
    this.client = clientOf(address);
  }

  /**
   * The events of one stream that can be seen, in order; none where there is no such stream.
   * @throws as readHistory does
   */
  pages(request: StreamRequest, pageWithinMs = PAGE_WITHIN_MS): AsyncIterable<HistoryPage> {
    return pagesOf(this.client, READ_STREAM_HISTORY, request, pageWithinMs);
  }

  close(): void {
    this.client.close();
  }
}

const clientOf = (address: string): Client =>
  new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });

async function* pagesOf(
  client: Client,
  method: typeof READ_HISTORY,
  request: object,
  pageWithinMs: number,
): AsyncIterable<HistoryPage> {
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    Buffer.from(JSON.stringify(request)),
  );
  const giveUp = () => setTimeout(() => call.cancel(), pageWithinMs);
  let waiting = giveUp();
  let over = false;
  try {
    for await (const page of call as AsyncIterable<Buffer>) {
      clearTimeout(waiting);
      yield decodePage(page);
      waiting = giveUp();
    }
    over = true;
  } finally {
    clearTimeout(waiting);
    // One that is left early would stay open.
    if (!over) call.cancel();
  }
}
