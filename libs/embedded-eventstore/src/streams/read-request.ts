import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { status } from '@grpc/grpc-js';
import { streamNameFrom } from '../protocol/names';
import { invalidArgument, RpcError, unhandled } from '../protocol/rpc-error';
import { type UuidForm } from '../protocol/read-response';
import { type EventLog } from '../storage/event-log';
import { LARGEST_INT64 } from './expected-revision';
import { type EventFilter, type WindowedFilter, windowedFilter } from './event-filter';

/** Where a reader begins; numbers are a revision or a position. */
export type ReadFrom = 'start' | 'end' | number;

/** A read, checked. */
export interface ReadRequest {
  readonly target: { readonly kind: 'stream'; readonly name: string } | { readonly kind: 'all' };
  readonly from: ReadFrom;
  readonly direction: 'forwards' | 'backwards';
  readonly resolveLinks: boolean;
  /** Undefined for a subscription. */
  readonly maxCount: number | undefined;
  readonly filter: WindowedFilter | undefined;
  readonly uuids: UuidForm;
  /** 1 and above: the client understands first and last stream positions. */
  readonly compatibility: number;
}

export const MATCH_ALL: EventFilter = { matches: () => true };

/** @throws RpcError where a real server refuses the request */
export function readRequest(request: ReadReq): ReadRequest {
  const options = request.getOptions();
  if (!options) throw unhandled();
  const stream = options.getStream();
  const all = options.getAll();
  const backwards = options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS;
  const subscribes = options.hasSubscription();
  if (!stream && !all) throw invalidArgument("'None' is not a valid stream option");
  const hasFilterOption = options.hasFilter() || options.hasNoFilter();
  const possible =
    (subscribes || options.hasCount()) &&
    hasFilterOption &&
    !(subscribes && backwards) &&
    !(stream && options.hasFilter());
  if (!possible) throw new RpcError(status.INVALID_ARGUMENT, 'The combination of read options is invalid.');
  const filterOptions = options.getFilter();
  const filter = filterOptions && windowedFilter(filterOptions);
  if (subscribes && filter?.checkpointInterval === 0) throw unhandled();
  return {
    target: stream ? { kind: 'stream', name: streamName(stream) } : { kind: 'all' },
    from: stream ? revisionFrom(stream) : positionFrom(all!),
    direction: backwards ? 'backwards' : 'forwards',
    resolveLinks: options.getResolveLinks(),
    maxCount: subscribes ? undefined : Number(options.getCount()),
    filter,
    uuids: options.getUuidOption()?.hasString() ? 'text' : 'structured',
    compatibility: options.getControlOption()?.getCompatibility() ?? 0,
  };
}

function streamName(options: ReadReq.Options.StreamOptions): string {
  const name = streamNameFrom(options.getStreamIdentifier()?.getStreamName_asU8());
  if (name === '') throw unhandled();
  return name;
}

function revisionFrom(options: ReadReq.Options.StreamOptions): ReadFrom {
  if (options.hasStart()) return 'start';
  if (options.hasEnd()) return 'end';
  if (!options.hasRevision()) throw unhandled();
  return numberFrom(options.getRevision());
}

function positionFrom(options: ReadReq.Options.AllOptions): ReadFrom {
  if (options.hasStart()) return 'start';
  if (options.hasEnd()) return 'end';
  const position = options.getPosition();
  if (!position) throw unhandled();
  return numberFrom(position.getCommitPosition());
}

/** The largest uint64 means the end; numbers JavaScript cannot count to lie beyond every end. */
export function numberFrom(text: string): ReadFrom {
  if (text === '18446744073709551615') return 'end';
  const number = Number(text);
  if (number < 0 || Number.isNaN(number) || BigInt(text) > LARGEST_INT64) throw unhandled();
  return Math.min(number, Number.MAX_SAFE_INTEGER - 1);
}

/** @throws RpcError UNKNOWN for a position inside the log at which no event is or ever was */
export function checkPosition(log: EventLog, from: ReadFrom): void {
  if (typeof from !== 'number' || from === 0 || from >= log.lastPosition) return;
  if (from > log.scavengedUpTo && !log.at(from)) throw unhandled();
}
