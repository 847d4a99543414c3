import { type sendUnaryData, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { z } from 'zod';
import { uuidBytes } from '@latchkey/eventstore-wire';
import { type NodeService } from '../protocol/definitions';
import { ownerMethod } from '../protocol/owner-method';
import { invalidArgument } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { type NodeParts } from '../streams/context';

/** What is to stand in an event's place, as JSON; data and metadata base64. */
const replacement = z.object({
  stream: z.string(),
  revision: z.int().nonnegative(),
  id: z.string(),
  data: z.string(),
  metadata: z.string(),
});

export type ReplacementMessage = z.infer<typeof replacement>;

/** Puts other data and metadata in the place of an event's. It is for the owner alone, who can write the file. */
export const REPLACE_EVENT = ownerMethod('/latchkey.eventstore.Rewriting/ReplaceEvent', {
  requestStream: false,
  responseStream: false,
});

const REPLACED = Buffer.from('true');
const NO_SUCH_EVENT = Buffer.from('false');

/** Answers once it is on the disk: whether there was such an event. */
export function rewritingService(context: NodeParts): NodeService {
  const { log, commits } = context;
  const implementation: UntypedServiceImplementation = {
    replaceEvent: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
      answer(context, callback, async () => {
        const { stream, revision, id, ...texts } = parsed(call.request);
        const data = Buffer.from(texts.data, 'base64');
        const metadata = Buffer.from(texts.metadata, 'base64');
        const place = { stream, revision, id: uuidBytes(id) };
        const replaced = await commits.submit(() => log.replace(place, { data, metadata }), data.length);
        return replaced ? REPLACED : NO_SUCH_EVENT;
      }),
  };
  return { definition: { replaceEvent: REPLACE_EVENT }, implementation };
}

function parsed(request: Buffer): ReplacementMessage {
  try {
    return replacement.parse(JSON.parse(request.toString('utf8')));
  } catch {
    throw invalidArgument('this is no replacement of an event');
  }
}
