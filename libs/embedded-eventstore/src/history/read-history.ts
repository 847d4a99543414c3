import { Client, credentials } from '@grpc/grpc-js';
import { decodePage, type HistoryPage } from './history-page';
import { type HistoryRequest, READ_HISTORY } from './history-service';

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
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
  const call = client.makeServerStreamRequest(
    READ_HISTORY.path,
    READ_HISTORY.requestSerialize,
    READ_HISTORY.responseDeserialize,
    Buffer.from(JSON.stringify(request)),
  );
  const giveUp = () => setTimeout(() => call.cancel(), pageWithinMs);
  let waiting = giveUp();
  try {
    for await (const page of call as AsyncIterable<Buffer>) {
      clearTimeout(waiting);
      yield decodePage(page);
      waiting = giveUp();
    }
  } finally {
    clearTimeout(waiting);
    // One that is left early would stay open.
    call.cancel();
    client.close();
  }
}
