import { type AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type NodeContext } from './context';
import { streamNameFrom } from '../protocol/names';
import {
  accessDenied,
  invalidArgument,
  maxAppendSizeExceeded,
  streamDeleted,
  unhandled,
} from '../protocol/rpc-error';
import { type ProposedEvent } from '../storage/stored-event';
import { uuidFromWire } from '../protocol/uuid-from-wire';
import { type ExpectedRevision, isRevision, revisionFrom } from './expected-revision';
import { appendSize, proposedEvent, type ProposedMessage } from './proposed-event';
import { type WriteOutcome } from './stream-writer';

/** The parts of an options message that say what a writer expects; appends and deletes share them. */
export interface ExpectationOptions {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
  hasRevision(): boolean;
  getRevision(): string;
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

export interface Target {
  readonly stream: string;
  readonly expected: ExpectedRevision;
}

/** @throws RpcError when no stream is named or nothing is expected of it */
export function targetOf(options: ExpectationOptions | undefined): Target {
  return targetFrom(options?.getStreamIdentifier()?.getStreamName_asU8(), options && expectedOf(options));
}

/**
 * @param name of the stream, as it came
 * @param expected what is expected of it; a revision may be any number
 * @throws RpcError when no stream is named or nothing is expected of it
 */
export function targetFrom(name: Uint8Array | undefined, expected: ExpectedRevision | undefined): Target {
  const stream = streamNameFrom(name);
  if (stream === '') throw unhandled();
  if (expected === undefined) throw invalidArgument("'None' is not a valid expected stream revision");
  if (typeof expected !== 'string' && !isRevision(expected)) throw unhandled();
  return { stream, expected };
}

function expectedOf(options: ExpectationOptions): ExpectedRevision | undefined {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  return options.hasRevision() ? revisionFrom(options.getRevision()) : undefined;
}

function proposed(message: AppendReq.ProposedMessage): ProposedMessage {
  const properties = message.getMetadataMap();
  return {
    uuid: () => uuidFromWire(message.getId()),
    type: properties.get('type'),
    contentType: properties.get('content-type'),
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** Appends through the Append call: one stream, its events one message each. */
export async function append(
  context: NodeContext,
  requests: AsyncIterable<AppendReq>,
  mayWrite: (stream: string) => boolean,
): Promise<AppendResp> {
  let target: Target | undefined;
  const events: ProposedEvent[] = [];
  let size = 0;
  for await (const request of requests) {
    if (!target) {
      target = targetOf(request.getOptions());
      if (!mayWrite(target.stream)) throw accessDenied();
      continue;
    }
    const message = request.getProposedMessage();
    if (!message) throw unhandled();
    const event = proposedEvent(proposed(message));
    size += appendSize(event);
    if (size > context.maxAppendSize) throw maxAppendSizeExceeded(context.maxAppendSize);
    events.push(event);
  }
  if (!target) throw unhandled();
  const { stream, expected } = target;
  const outcome = await context.commits.submit(() => context.writer.append(stream, expected, events), size);
  return response(outcome, stream, expected);
}

function response(outcome: WriteOutcome, stream: string, expected: ExpectedRevision): AppendResp {
  switch (outcome.kind) {
    case 'written':
      return success(outcome.lastRevision, outcome.position);
    case 'wrong-expected-revision':
      return wrongExpectedVersion(outcome.currentRevision, expected);
    case 'stream-deleted':
      throw streamDeleted(stream);
  }
}

function success(lastRevision: number, position: number | undefined): AppendResp {
  const success = new AppendResp.Success();
  if (lastRevision < 0) success.setNoStream(new Empty());
  else success.setCurrentRevision(String(lastRevision));
  if (position === undefined) {
    success.setNoPosition(new Empty());
  } else {
    const appended = new AppendResp.Position();
    appended.setCommitPosition(String(position));
    appended.setPreparePosition(String(position));
    success.setPosition(appended);
  }
  const response = new AppendResp();
  response.setSuccess(success);
  return response;
}

/** Says it twice: the fields of 20.6.0 are what older clients read. */
function wrongExpectedVersion(current: number, expected: ExpectedRevision): AppendResp {
  const details = new AppendResp.WrongExpectedVersion();
  switch (expected) {
    case 'any':
      details.setExpectedAny(new Empty());
      details.setAny2060(new Empty());
      break;
    case 'stream_exists':
      details.setExpectedStreamExists(new Empty());
      details.setStreamExists2060(new Empty());
      break;
    case 'no_stream':
      details.setExpectedNoStream(new Empty());
      break;
    default:
      details.setExpectedRevision(String(expected));
      details.setExpectedRevision2060(Number(expected));
  }
  if (current < 0) {
    details.setCurrentNoStream(new Empty());
    details.setNoStream2060(new Empty());
  } else {
    details.setCurrentRevision(String(current));
    details.setCurrentRevision2060(current);
  }
  const response = new AppendResp();
  response.setWrongExpectedVersion(details);
  return response;
}
