import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { invalidArgument } from '../protocol/rpc-error';
import { type StoredEvent } from '../storage/stored-event';
import { compileRegularExpression } from './regular-expression';

/** Which events of `$all` a reader wants. */
export interface EventFilter {
  matches(event: StoredEvent): boolean;
}

/** A filter and how often a reader of it is told how far it has come. */
export interface WindowedFilter extends EventFilter {
  /** Events looked at between two checkpoints. */
  readonly checkpointInterval: number;
}

/** How many events are looked at in one go when the client does not say. */
const DEFAULT_WINDOW = 32;

type FilterOptions = Pick<ReadReq.Options.FilterOptions, 'getStreamIdentifier' | 'getEventType'>;
interface Expression {
  getRegex(): string;
  getPrefixList(): string[];
}

/**
 * @throws RpcError INVALID_ARGUMENT when neither stream nor type is named or no window is given, UNKNOWN for a bad
 * regular expression or a multiplier of 0, as a real server answers
 */
export function windowedFilter(options: ReadReq.Options.FilterOptions): WindowedFilter {
  const filter = eventFilter(options);
  if (!options.hasMax() && !options.hasCount()) throw invalidArgument("'None' is not a valid window");
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  const multiplier = options.getCheckpointintervalmultiplier();
  return { matches: (event) => filter.matches(event), checkpointInterval: window * multiplier };
}

/** The filter itself, from the options of a read or of a persistent subscription. */
export function eventFilter(options: FilterOptions): EventFilter {
  const stream = options.getStreamIdentifier();
  const type = options.getEventType();
  if (stream) {
    const matches = textFilter(stream);
    return { matches: (event) => matches(event.stream) };
  }
  if (type) {
    const matches = textFilter(type);
    return { matches: (event) => matches(event.type) };
  }
  throw invalidArgument('A filter must be on the stream name or on the event type.');
}

function textFilter(expression: Expression): (text: string) => boolean {
  return compileExpression(expression.getRegex(), expression.getPrefixList());
}

/** @throws RpcError UNKNOWN for a bad regular expression */
export function compileExpression(regex: string, prefixes: readonly string[]): (text: string) => boolean {
  if (regex === '') return (text) => prefixes.some((prefix) => text.startsWith(prefix));
  return compileRegularExpression(regex);
}
