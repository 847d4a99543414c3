import { type Cause, EventCodec, type EventStore, type Loaded } from '@latchkey/event-sourcing';
import type { Clock, Ids } from '@latchkey/platform';
import { z } from 'zod';
import { type IndexedKeypad, indexed } from './domain/indexed-keypad';
import { reservationsOf, storedReservation, storedReservations } from './domain/keypad';

/** Streams `keypadSnapshot-<deviceId>`: what a busy keypad held at one revision, in pieces. */
export const KEYPAD_SNAPSHOT = 'keypadSnapshot';

/** Reservations in one piece: some 200 kB, well below the store's limit of a mebibyte for an event. */
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
    }),
  },
};

interface Piece {
  readonly type: 'KeypadSnapshotPiece';
  readonly data: z.infer<typeof shapes.KeypadSnapshotPiece.schema>;
}

export const keypadSnapshotCodec = new EventCodec<Piece>(shapes);

/** Keypads written down whole, apart from their streams: so a busy one is read as fast as a quiet one. */
export class KeypadSnapshots {
  constructor(
    private readonly options: { readonly store: EventStore; readonly clock: Clock; readonly ids: Ids },
  ) {}

  /** The newest snapshot that is whole. */
  async load(deviceId: string): Promise<Loaded<IndexedKeypad> | undefined> {
    let pieces: Piece['data'][] = [];
    let whole: Piece['data'][] | undefined;
    for await (const recorded of this.options.store.read(streamOf(deviceId))) {
      const data = keypadSnapshotCodec.decodeOwn(recorded)?.data;
      if (!data) continue;
      if (data.piece === 0) pieces = [];
      pieces.push(data);
      const fits = pieces.every((each, n) => each.piece === n && each.revision === data.revision);
      if (fits && pieces.length === data.of) whole = pieces;
    }
    const [first] = whole ?? [];
    if (!whole || !first) return undefined;
    const releasedAt = first.releasedAt ? Date.parse(first.releasedAt) : 0;
    const reservations = whole.flatMap((piece) => reservationsOf(piece.reservations));
    return { state: indexed(reservations, releasedAt), revision: first.revision };
  }

  /**
   * Writes a keypad down, and hides what the snapshot stands for. Anything may go wrong on the way: what is not whole
   * is passed over, and the stream still has all of it.
   */
  async write(deviceId: string, { state, revision }: Loaded<IndexedKeypad>, cause: Cause): Promise<void> {
    const { store, ids } = this.options;
    const stream = streamOf(deviceId);
    const all = [...state.byCode.entries()].flatMap(([, reservations]) => reservations);
    const of = Math.max(1, Math.ceil(all.length / PIECE));
    let last = -1;
    for await (const event of store.readBackwards(stream, 1)) last = event.revision;
    const first = last + 1;
    for (let piece = 0; piece < of; piece++) {
      const data: Piece['data'] = {
        ...{ revision, piece, of },
        reservations: storedReservations(all.slice(piece * PIECE, (piece + 1) * PIECE)),
        releasedAt: state.releasedAt ? new Date(state.releasedAt).toISOString() : null,
      };
      const event = keypadSnapshotCodec.encode(
        { type: 'KeypadSnapshotPiece', data },
        ids.uuid(),
        this.metadata(cause),
      );
      last = (await store.append(stream, [event], last)).revision;
    }
    await store.truncateBefore(`keypad-${deviceId}`, revision);
    await store.truncateBefore(stream, first);
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
