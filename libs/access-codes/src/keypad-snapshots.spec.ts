import {
  DeciderStreams,
  FaultyEventStore,
  InMemoryEventStore,
  type RecordedEvent,
  systemCause,
} from '@latchkey/event-sourcing';
import { HOUR, SeededIds } from '@latchkey/platform';
import { type IndexedKeypad, indexedKeypadFold, ofCode } from './domain/indexed-keypad';
import { KEYPAD, keypadCodec, type KeypadEvent, reserve, snapshot } from './domain/keypad';
import { T0 } from './domain/testing/builders';
import { KEYPAD_SNAPSHOT, KeypadSnapshots } from './keypad-snapshots';

const DEVICE = 'device-1';
const STREAM = `${KEYPAD_SNAPSHOT}-${DEVICE}`;
const clock = { now: () => T0, at: () => () => {} };
const cause = systemCause({ workspaceId: 'w', correlationId: DEVICE, causationId: 'test' });

let store: InMemoryEventStore;
let process: FaultyEventStore;
let ids: SeededIds;
let booked: number;
beforeEach(() => {
  store = new InMemoryEventStore();
  process = new FaultyEventStore(store);
  ids = new SeededIds('snapshots');
  booked = 0;
});

/** A process that has nothing in memory. */
const keypads = () =>
  new DeciderStreams<IndexedKeypad, KeypadEvent>({
    ...{ store, clock, ids },
    category: KEYPAD,
    codec: keypadCodec,
    fold: indexedKeypadFold,
    snapshots: snapshots(),
  });
const snapshots = () => new KeypadSnapshots({ store: process, clock, ids });

/** Reserves a PIN for so many more codes. */
async function book(count: number) {
  const ours = keypads();
  for (const until = booked + count; booked < until; booked++) {
    const n = booked;
    const window = { startsAt: T0 + n * HOUR, endsAt: T0 + (n + 1) * HOUR };
    const wanted = { codeId: `code-${n}`, pinFingerprint: `pin-${n}`, window };
    await ours.transact(DEVICE, cause, () =>
      reserve({ reservations: [], releasedAt: 0, sinceSnapshot: 0 }, wanted),
    );
  }
  return ours.load(DEVICE);
}

async function bookAndWriteDown(count: number): Promise<void> {
  await snapshots().write(DEVICE, await book(count), cause);
}

/** What a process that starts now finds: all that was booked. */
async function expectWhole(): Promise<void> {
  const { state, revision } = await keypads().load(DEVICE);
  expect([state.byCode.size, revision]).toEqual([booked, booked - 1]);
  for (const n of [0, booked >> 1, booked - 1]) {
    expect(ofCode(state, `code-${n}`)).toEqual([
      {
        codeId: `code-${n}`,
        pinFingerprint: `pin-${n}`,
        window: { startsAt: T0 + n * HOUR, endsAt: T0 + (n + 1) * HOUR },
        reservedAt: T0,
      },
    ]);
  }
}

async function visible(stream: string): Promise<number[]> {
  const revisions: number[] = [];
  for await (const { revision } of store.read(stream)) revisions.push(revision);
  return revisions;
}

type Damage = 'lost' | 'unreadable';

/** The event store, with some snapshot pieces damaged. */
class DamagedStore extends FaultyEventStore {
  constructor(private readonly pieces: ReadonlyMap<number, Damage>) {
    super(store);
  }

  override async *read(stream: string, from?: number): AsyncIterable<RecordedEvent> {
    for await (const event of super.read(stream, from)) yield this.damaged(event);
  }

  override async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    for await (const event of super.readBackwards(stream, count)) yield this.damaged(event);
  }

  private damaged(event: RecordedEvent): RecordedEvent {
    const how = event.stream === STREAM ? this.pieces.get(event.revision) : undefined;
    if (how === undefined) return event;
    return {
      ...event,
      ...(how === 'lost' ? { forged: 'its mark is wrong' } : { data: { piece: 'one' } }),
    };
  }
}

const damage = (how: Damage, ...revisions: number[]) =>
  (process = new DamagedStore(new Map(revisions.map((revision) => [revision, how]))));

it('is asked for once where there is none', async () => {
  const asked: string[] = [];
  process = new (class extends FaultyEventStore {
    override read(stream: string, from?: number) {
      asked.push(stream);
      return super.read(stream, from);
    }

    override readBackwards(stream: string, count: number) {
      asked.push(stream);
      return super.readBackwards(stream, count);
    }
  })(store);
  expect(await snapshots().load(DEVICE)).toBeUndefined();
  expect(asked).toEqual([STREAM]);
});

it('is written in pieces, and stands for what came before it', async () => {
  await bookAndWriteDown(1000);
  expect(await visible(STREAM)).toEqual([0, 1, 2]);
  expect((await snapshots().load(DEVICE))?.revision).toBe(999);
  await expectWhole();
  await book(50);
  await expectWhole();
});

it('of an empty keypad is one piece', async () => {
  await snapshots().write(DEVICE, { state: indexedKeypadFold.initial, revision: 7 }, cause);
  expect(await snapshots().load(DEVICE)).toEqual({ state: indexedKeypadFold.initial, revision: 7 });
});

it('hides what the one before it stands for, and no more', async () => {
  await bookAndWriteDown(500);
  expect((await visible(`${KEYPAD}-${DEVICE}`))[0]).toBe(0);
  await bookAndWriteDown(500);
  expect((await visible(`${KEYPAD}-${DEVICE}`))[0]).toBe(499);
  await bookAndWriteDown(500);
  expect((await visible(`${KEYPAD}-${DEVICE}`))[0]).toBe(999);
  // Of 2, 3 and 4 pieces.
  expect(await visible(STREAM)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  await expectWhole();
});

it.each([0, 1, 2, 3])('that a crash cut off after %s of its pieces is passed over', async (appends) => {
  await bookAndWriteDown(500);
  const keypad = await book(1000);
  process.dieAfter(appends);
  await expect(snapshots().write(DEVICE, keypad, cause)).rejects.toThrow(/died/);
  process = new FaultyEventStore(store);
  expect((await snapshots().load(DEVICE))?.revision).toBe(499);
  await expectWhole();
  await bookAndWriteDown(10);
  expect((await snapshots().load(DEVICE))?.revision).toBe(1509);
  await expectWhole();
});

it.each(['lost', 'unreadable'] as const)(
  'with a piece that is %s is passed over for the one before',
  async (how) => {
    for (const piece of [0, 1, 2]) {
      store = new InMemoryEventStore();
      process = new FaultyEventStore(store);
      booked = 0;
      await bookAndWriteDown(400);
      await bookAndWriteDown(700);
      await book(20);
      damage(how, 1 + piece);
      expect((await snapshots().load(DEVICE))?.revision).toBe(399);
      await expectWhole();
      await bookAndWriteDown(100);
      await expectWhole();
    }
  },
);

it.each(['lost', 'unreadable'] as const)(
  'that is %s and the only one is passed over for the stream',
  async (how) => {
    await bookAndWriteDown(500);
    damage(how, 1);
    expect(await snapshots().load(DEVICE)).toBeUndefined();
    await expectWhole();
  },
);

it('is needed: where the stream lacks events that no snapshot stands for, nothing is decided', async () => {
  for (let n = 0; n < 3; n++) await bookAndWriteDown(400);
  damage('lost', ...(await visible(STREAM)));
  const deciding = keypads().transact(DEVICE, cause, () => []);
  await expect(deciding).rejects.toThrow(/events of keypad-device-1 are missing/);
});

it('of an earlier version, in the stream itself, stands for what is hidden', async () => {
  const { revision } = await book(3);
  const reservations = [0, 1, 2].map((n) => ({
    ...{ codeId: `code-${n}`, pinFingerprint: `pin-${n}`, reservedAt: T0 },
    window: { startsAt: T0 + n * HOUR, endsAt: T0 + (n + 1) * HOUR },
  }));
  const whole = snapshot({ reservations, releasedAt: 0, sinceSnapshot: 0 });
  const decided = await keypads().transact(DEVICE, cause, () => [whole]);
  await store.truncateBefore(`${KEYPAD}-${DEVICE}`, revision + 1);
  const { state } = await keypads().load(DEVICE);
  expect([decided.revision, state.byCode.size]).toEqual([3, 3]);
});

it('that two processes write at the same time is whole, or that of one of them', async () => {
  const keypad = await book(1200);
  const both = await Promise.allSettled([
    snapshots().write(DEVICE, keypad, cause),
    snapshots().write(DEVICE, keypad, cause),
  ]);
  expect(both.map(({ status }) => status)).toContain('fulfilled');
  expect((await snapshots().load(DEVICE))?.revision).toBe(1199);
  await expectWhole();
});

describe('a process that has a keypad in memory', () => {
  it('starts again from the snapshot where the events that it lacks are hidden', async () => {
    await book(100);
    const early = keypads();
    await early.load(DEVICE);
    await bookAndWriteDown(500);
    await bookAndWriteDown(500);
    await bookAndWriteDown(10);
    expect((await visible(`${KEYPAD}-${DEVICE}`))[0]).toBeGreaterThan(100);
    const { state, revision } = await early.load(DEVICE);
    expect([state.byCode.size, revision]).toEqual([booked, booked - 1]);
  });
});
