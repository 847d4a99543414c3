import {
  type Cause,
  EventCodec,
  type EventStore,
  type Loaded,
  type RecordedEvent,
  StoreDamaged,
  UnreadableEvent,
} from '@latchkey/event-sourcing';
import { type Clock, type Ids, othersTurn } from '@latchkey/platform';
import { z } from 'zod';
import { heldSlots, type IndexedKeypad, indexedKeypadFold, withAll } from './domain/indexed-keypad';
import { reservationsOf, storedReservation, storedReservations } from './domain/keypad';

/** Streams `keypadSnapshot-<deviceId>`: what a busy keypad held at one revision, in pieces. */
export const KEYPAD_SNAPSHOT = 'keypadSnapshot';

/** Codes in one piece, most with one reservation: some 200 kB, well below the store's mebibyte for an event. */
const PIECE = 400;

const shapes = {
  KeypadSnapshotPiece: {
    schema: z.object({
      /** Of the keypad's stream: the snapshot stands for everything up to it. */
      revision: z.int(),
      piece: z.int(),
      of: z.int(),
      reservations: z.array(storedReservation),
      releasedAt: z.iso.datetime().nullable(),
      /** In the first piece, of a lock that has numbered places. */
      slots: z
        .array(z.object({ codeId: z.string(), slot: z.int(), foreign: z.literal(true).optional() }))
        .optional(),
    }),
  },
};

interface Piece {
  readonly type: 'KeypadSnapshotPiece';
  readonly data: z.infer<typeof shapes.KeypadSnapshotPiece.schema>;
}

export const keypadSnapshotCodec = new EventCodec<Piece>(shapes);

/** A whole snapshot, and the revision of its first piece in the stream of snapshots. */
interface Whole {
  readonly first: number;
  readonly pieces: readonly Piece['data'][];
}

/**
 * Snapshots of keypads, in streams of their own, so that a busy keypad is loaded as fast as a quiet one. The snapshot
 * before the newest is kept with all events since: should a piece of the newest be lost, nothing is lost.
 */
export class KeypadSnapshots {
  /** The revision of its stream up to which a keypad was last recorded, or was to be. */
  private readonly revisions = new Map<string, number>();

  constructor(
    private readonly options: { readonly store: EventStore; readonly clock: Clock; readonly ids: Ids },
  ) {}

  /** -1 where no snapshot is known. One that failed counts: it is tried again with the next. */
  recordedAt(deviceId: string): number {
    return this.revisions.get(deviceId) ?? -1;
  }

  /** The newest snapshot that is whole. */
  async load(deviceId: string): Promise<Loaded<IndexedKeypad> | undefined> {
    const whole = await this.newest(streamOf(deviceId));
    if (!whole) return undefined;
    const { revision, releasedAt, slots: held = [] } = whole.pieces[0]!;
    this.revisions.set(deviceId, Math.max(revision, this.recordedAt(deviceId)));
    let { byCode } = indexedKeypadFold.initial;
    for (const { reservations } of whole.pieces) {
      byCode = withAll(byCode, reservationsOf(reservations));
      await othersTurn();
    }
    let { slots } = indexedKeypadFold.initial;
    for (const each of held) slots = slots.set(each.codeId, each);
    return { state: { byCode, slots, releasedAt: releasedAt ? Date.parse(releasedAt) : 0 }, revision };
  }

  /**
   * Writes a snapshot of a keypad, and hides what the snapshot before stands for. It may fail at any point: what is not
   * whole is passed over.
   */
  async write(deviceId: string, { state, revision }: Loaded<IndexedKeypad>, cause: Cause): Promise<void> {
    const { store, ids } = this.options;
    this.revisions.set(deviceId, revision);
    const stream = streamOf(deviceId);
    const before = await this.newest(stream);
    const codes = state.byCode.entries();
    const of = Math.max(1, Math.ceil(state.byCode.size / PIECE));
    let last = -1;
    for await (const event of store.readBackwards(stream, 1)) last = event.revision;
    for (let piece = 0; piece < of; piece++) {
      const data: Piece['data'] = {
        ...{ revision, piece, of },
        reservations: storedReservations(taken(codes, PIECE).flatMap(([, reservations]) => reservations)),
        releasedAt: state.releasedAt ? new Date(state.releasedAt).toISOString() : null,
        ...(piece === 0 && state.slots.size > 0 ? { slots: [...heldSlots(state)] } : {}),
      };
      const event = keypadSnapshotCodec.encode(
        { type: 'KeypadSnapshotPiece', data },
        ids.uuid(),
        this.metadata(cause),
      );
      last = (await store.append(stream, [event], last)).revision;
    }
    if (!before) return;
    await store.truncateBefore(`keypad-${deviceId}`, before.pieces[0]!.revision);
    await store.truncateBefore(stream, before.first);
  }

  private async newest(stream: string): Promise<Whole | undefined> {
    const end = await this.endOf(stream);
    // Most keypads have none.
    if (end === null) return undefined;
    return (end && (await this.endingWith(end, stream))) ?? (await this.lastOfAll(stream));
  }

  /** The last piece; null where there never was one, undefined where the last can't be read. */
  private async endOf(stream: string): Promise<PlacedPiece | undefined | null> {
    let end: PlacedPiece | undefined | null = null;
    try {
      for await (const recorded of this.options.store.readBackwards(stream, 1)) {
        const data = readable(recorded);
        end = data && { at: recorded.revision, data };
      }
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      return undefined;
    }
    return end;
  }

  /** The whole snapshot that the stream ends with: then nothing else is read. */
  private async endingWith(end: PlacedPiece, stream: string): Promise<Whole | undefined> {
    const { store } = this.options;
    if (end.data.piece !== end.data.of - 1) return undefined;
    const pieces = (await piecesOf(store.readBackwards(stream, end.data.of))).reverse();
    return wholeOf(pieces);
  }

  /** The last whole one among all that there are, whole or not. */
  private async lastOfAll(stream: string): Promise<Whole | undefined> {
    let whole: Whole | undefined;
    let pieces: PlacedPiece[] = [];
    for (const each of await piecesOf(this.options.store.read(stream))) {
      if (each.data.piece === 0) pieces = [];
      pieces.push(each);
      whole = wholeOf(pieces) ?? whole;
    }
    return whole;
  }

  private metadata({ correlationId, causationId, workspaceId }: Cause) {
    return {
      $correlationId: correlationId,
      $causationId: causationId,
      actor: { type: 'system' as const },
      workspaceId,
      occurredAt: new Date(this.options.clock.now()).toISOString(),
    };
  }
}

const streamOf = (deviceId: string): string => `${KEYPAD_SNAPSHOT}-${deviceId}`;

function taken<T>(from: Iterator<T>, count: number): T[] {
  const some: T[] = [];
  while (some.length < count) {
    const next = from.next();
    if (next.done) break;
    some.push(next.value);
  }
  return some;
}

interface PlacedPiece {
  readonly at: number;
  readonly data: Piece['data'];
}

/** Those that can be read; where the store has lost one, all before it. */
async function piecesOf(events: AsyncIterable<RecordedEvent>): Promise<PlacedPiece[]> {
  const pieces: PlacedPiece[] = [];
  try {
    for await (const recorded of events) {
      const data = readable(recorded);
      if (data) pieces.push({ at: recorded.revision, data });
    }
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
  }
  return pieces;
}

function readable(recorded: RecordedEvent): Piece['data'] | undefined {
  try {
    return keypadSnapshotCodec.decodeOwn(recorded)?.data;
  } catch (error) {
    if (error instanceof UnreadableEvent) return undefined;
    throw error;
  }
}

function wholeOf(pieces: readonly PlacedPiece[]): Whole | undefined {
  const [first] = pieces;
  if (!first || pieces.length !== first.data.of) return undefined;
  const fits = pieces.every(({ data }, n) => data.piece === n && data.revision === first.data.revision);
  return fits ? { first: first.at, pieces: pieces.map(({ data }) => data) } : undefined;
}
