import type { Kysely, Transaction } from 'kysely';
import type { Position, RecordedEvent } from './event-store';
import type { Tables } from './tables';

/** How far an earlier version of a view had got. */
export interface EarlierVersion {
  readonly position: Position | undefined;
  /** Streams with events that it left out, except foreign ones. */
  readonly parkedStreams: ReadonlySet<string>;
}

/** A view folded from the event store. It can be dropped and rebuilt at any time, unless it says otherwise. */
export interface Projection {
  readonly name: string;
  /** Raised whenever tables or fold change: the view is then built again beside the old one. */
  readonly version: number;
  /** Stream name prefixes of the events that it folds. */
  readonly prefixes: readonly string[];
  /**
   * Its rows can't be folded again, since they change by more than events. Where the event store was restored from
   * an older backup they stay as they are, and it goes on from the store's end.
   */
  readonly lasting?: boolean;
  /** The tables of this version that may have many rows; left out: there are few. */
  readonly tables?: readonly string[];
  /** Makes the tables of this version. */
  create(db: Kysely<Tables>, earlier?: EarlierVersion): Promise<void>;
  /**
   * Makes the indexes that only readers need, where they are not there: called once all of history is folded, since
   * a row that is written later costs several times as much, and whenever a built view is taken up again, which may
   * have been built when there were fewer. Left out: `create` has made all that are needed.
   */
  index?(db: Kysely<Tables>): Promise<void>;
  /** Drops the tables of an older version. */
  drop(db: Kysely<Tables>, version: number): Promise<void>;
  /**
   * Reads an event as `apply` will, and throws what the codec throws: what can't be read never comes to `apply`.
   * Left out: everything does.
   */
  read?(event: RecordedEvent): void;
  /**
   * Folds events, in order, inside the transaction that also stores the checkpoint. An error is taken for
   * one that passes, and the same events come again, unless an event could not be read (UnreadableEvent) or
   * folded (UnfoldableEvent), or the database will never take what came of it.
   * @param how.building false when left out; nobody else reads or writes the view's rows until all of history is folded
   */
  apply(
    trx: Transaction<Tables>,
    events: readonly RecordedEvent[],
    how?: { readonly building: boolean },
  ): Promise<void>;
  /**
   * Whether folding these events would change nothing. Then no transaction is spent on them, and the checkpoint is
   * stored now and then only. Left out: never.
   */
  leavesAlone?(db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean>;
  /**
   * This process has seen events, whichever process folds them: called for each one, in order, before it is in the
   * rows; again where folding them is tried again. Must not throw.
   */
  onSeen?(events: readonly RecordedEvent[]): void;
  /** These events are in the rows now, whichever process has folded them; must not throw. */
  onApplied?(events: readonly RecordedEvent[]): void;
}

/** Reads events of several categories of streams (`<category>-<id>`), each by its codec. */
export function readerOf(
  codecs: Readonly<Record<string, { decode(event: RecordedEvent): unknown }>>,
): (event: RecordedEvent) => void {
  return (event) => void codecs[event.stream.slice(0, event.stream.indexOf('-'))]?.decode(event);
}
