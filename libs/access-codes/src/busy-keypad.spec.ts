import { type Device, DeviceStreams } from '@latchkey/devices';
import {
  type Appended,
  type ExpectedRevision,
  FaultyEventStore,
  InMemoryEventStore,
  type NewEvent,
  type RecordedEvent,
  systemCause,
} from '@latchkey/event-sourcing';
import {
  createLogger,
  createVault,
  HOUR,
  type KeyStore,
  newKeyring,
  SeededIds,
  type Vault,
} from '@latchkey/platform';
import { PinTaken, release } from './domain/keypad';
import { T0 } from './domain/testing/builders';
import { neighbouringPins } from './neighbouring-pins';
import { Streams } from './streams';

const GATE = 'gate';
const BOOKINGS = 50_000;
/** How many at either end are compared with each other. */
const COUNTED = 1000;

const clock = { now: () => T0, at: () => () => {} };
const cause = systemCause({ workspaceId: 'w', correlationId: GATE, causationId: 'test' });
const window = (n: number) => ({ startsAt: T0 + n * HOUR, endsAt: T0 + (n + 1) * HOUR });
/** So that many codes have each PIN, at different times. */
const pinOf = (n: number) => String(1000 + (n % 5000));

/** What the work cost, by kind. */
interface Done {
  reads: number;
  eventsRead: number;
  appends: number;
  bytesAppended: number;
  keysLookedUp: number;
}

const nothing = (): Done => ({ reads: 0, eventsRead: 0, appends: 0, bytesAppended: 0, keysLookedUp: 0 });
let done = nothing();

/** The part of the feature that is measured. */
class CountingStore extends FaultyEventStore {
  override append(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    done.appends++;
    done.bytesAppended += JSON.stringify(events).length;
    return super.append(stream, events, expected);
  }

  override async *read(stream: string, from?: number): AsyncIterable<RecordedEvent> {
    done.reads++;
    for await (const event of super.read(stream, from)) yield counted(event);
  }

  override async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    done.reads++;
    for await (const event of super.readBackwards(stream, count)) yield counted(event);
  }
}

function counted(event: RecordedEvent): RecordedEvent {
  done.eventsRead++;
  return event;
}

function countingVault(): Vault {
  const keys = new Map<string, string | null>();
  const look = (keyId: string) => {
    done.keysLookedUp++;
    return keys.get(keyId);
  };
  const store: KeyStore = {
    find: (keyId) => Promise.resolve(look(keyId)),
    findAll: (keyIds) =>
      Promise.resolve(
        new Map(keyIds.filter((keyId) => keys.has(keyId)).map((keyId) => [keyId, look(keyId) ?? null])),
      ),
    add(keyId, wrapped) {
      if (!keys.has(keyId)) keys.set(keyId, wrapped);
      return Promise.resolve(keys.get(keyId)!);
    },
    erase: (keyId) => Promise.resolve(void keys.set(keyId, null)),
  };
  return createVault(store, newKeyring());
}

const store = new InMemoryEventStore();
const ids = new SeededIds('busy');
const vault = countingVault();
let process = new CountingStore(store);
let streams: Streams;

/** A process with nothing in memory. */
function start(): Streams {
  process = new CountingStore(store);
  const devices = new DeviceStreams(process, clock, ids);
  return (streams = new Streams(process, clock, ids, devices, vault, createLogger('silent')));
}

async function reserve(codeId: string, pin: string, when: ReturnType<typeof window>): Promise<void> {
  await streams.reservePin(GATE, cause, { codeId, ...(await vault.sealPin(codeId, pin)), window: when });
}

const book = (n: number) => reserve(`code-${n}`, pinOf(n), window(n));

async function bookAll(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await book(n);
}

/** What `work` costs, including the snapshots that it begins. */
async function costOf(work: () => Promise<unknown>): Promise<Done> {
  await streams.settled();
  done = nothing();
  await work();
  await streams.settled();
  return done;
}

/** How often other work had a turn meanwhile. */
async function turnsOfOthers(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let working = true;
  const next = () => {
    turns++;
    if (working) setImmediate(next);
  };
  setImmediate(next);
  await work();
  working = false;
  return turns;
}

describe('a gate with 50,000 bookings', () => {
  let first: Done;
  let between: Done;
  beforeAll(async () => {
    start();
    first = await costOf(() => bookAll(0, COUNTED));
    between = await costOf(() => bookAll(COUNTED, BOOKINGS - COUNTED));
  }, 300_000);

  it('takes its last thousand for what the first thousand cost', async () => {
    const last = await costOf(() => bookAll(BOOKINGS - COUNTED, BOOKINGS));
    expect(last.appends).toBeLessThanOrEqual(first.appends);
    expect(last.reads).toBeLessThanOrEqual(first.reads);
    expect(last.eventsRead).toBeLessThanOrEqual(first.eventsRead);
    // Its own PIN when it is sealed, and again to see which others have it.
    for (const { keysLookedUp } of [first, last]) expect(keysLookedUp).toBeLessThanOrEqual(2 * COUNTED);
    // Ids and revisions have more digits.
    expect(last.bytesAppended).toBeLessThan(first.bytesAppended * 1.1);
  });

  it('took all those between for as much each, and was recorded on the way for no more', () => {
    const bookings = BOOKINGS - 2 * COUNTED;
    expect(between.appends).toBeLessThan(bookings * 1.01);
    expect(between.appends).toBeGreaterThan(bookings);
    expect(between.bytesAppended).toBeLessThan((first.bytesAppended / COUNTED) * bookings * 2);
    expect(between.eventsRead).toBeLessThan(bookings * 0.01);
  });

  it('changes PINs and ends bookings for what it costs on a quiet one', async () => {
    const changeAndEnd = async (n: number) => {
      await reserve(`code-${n}`, pinOf(n + 1), window(n));
      await streams.onReservationsOf(`code-${n}`, GATE, cause, (keypad) =>
        release(keypad, `code-${n}`, null),
      );
    };
    const busy = await costOf(async () => {
      for (let n = 0; n < COUNTED; n++) await changeAndEnd(n * 7);
    });
    const pieces = Math.ceil(BOOKINGS / 400);
    expect(busy.appends).toBeLessThanOrEqual(2 * COUNTED + 2 * pieces);
    // One for each decision that must see what other processes have done meanwhile.
    expect(busy.reads).toBeLessThanOrEqual(COUNTED + 10);
    expect(busy.eventsRead).toBeLessThanOrEqual(COUNTED + 2 * pieces);
    expect(busy.keysLookedUp).toBeLessThanOrEqual(4 * COUNTED);
  });

  it('still knows which code has which PIN when', async () => {
    const n = 30_011;
    await expect(reserve('late', pinOf(n), window(n))).rejects.toThrow(PinTaken);
    await reserve('late', pinOf(n), window(n + 1));
    const isFree = await streams.freePins(GATE);
    expect([isFree(pinOf(n), window(n)), isFree(pinOf(n), window(n + 2))]).toEqual([false, true]);
  });

  it('names the PINs beside a new one, where its rules look at them, without reading any code', async () => {
    const codeConstraints = [{ constraintType: 'unique_first_four_digits' }];
    const gate = { deviceId: GATE, capabilities: { codeConstraints } } as unknown as Device;
    const n = 20_003;
    let others: readonly string[] = [];
    const asked = await costOf(async () => {
      ({ others } = await neighbouringPins(gate, { codeId: 'new', window: window(n) }, streams));
    });
    expect(others).toEqual([pinOf(n)]);
    expect(asked).toMatchObject({ appends: 0, keysLookedUp: 0 });
    expect(asked.eventsRead).toBeLessThanOrEqual(1);
  });

  it('is loaded after a restart from its snapshot and what came since', async () => {
    await streams.settled();
    start();
    const loading = await costOf(async () => {
      // Other work gets a turn once for each piece, and once for every few hundred PINs.
      expect(await turnsOfOthers(() => streams.freePins(GATE))).toBeGreaterThan(2 * (BOOKINGS / 2 / 500));
    });
    // Pieces, and what came since: not the whole stream.
    expect(loading.eventsRead).toBeLessThan(BOOKINGS / 2);
    await expect(reserve('later', pinOf(30_011), window(30_011))).rejects.toThrow(PinTaken);
    const more = await costOf(() => bookAll(BOOKINGS, BOOKINGS + COUNTED));
    expect(more.appends).toBeLessThanOrEqual(first.appends);
    expect(more.eventsRead).toBeLessThanOrEqual(first.eventsRead);
  });

  it('goes on where it can not be recorded', async () => {
    const refusing = jest
      .spyOn(process, 'truncateBefore')
      .mockRejectedValue(new Error('the store refuses to be truncated'));
    await bookAll(BOOKINGS + COUNTED, BOOKINGS + 2 * COUNTED);
    await streams.settled();
    refusing.mockRestore();
    start();
    expect(
      (await streams.reservations(GATE)).some(({ codeId }) => codeId === `code-${BOOKINGS + COUNTED}`),
    ).toBe(true);
  });
});

it('a keypad whose snapshots all fail loses nothing, and is tried again', async () => {
  start();
  const quiet = 'another gate';
  const codeId = (n: number) => `other-${n}`;
  const bookHere = async (n: number) =>
    streams.reservePin(quiet, cause, {
      ...{ codeId: codeId(n), window: window(n) },
      ...(await vault.sealPin(codeId(n), pinOf(n))),
    });
  await bookHere(0);
  const failing = jest.spyOn(process, 'readBackwards').mockImplementation(() => {
    throw new Error('no answer');
  });
  for (let n = 1; n < 600; n++) await bookHere(n);
  await streams.settled();
  expect(failing).toHaveBeenCalled();
  failing.mockRestore();
  const pieces = async () => {
    let count = 0;
    for await (const event of store.read(`keypadSnapshot-${quiet}`)) count += event.revision >= 0 ? 1 : 0;
    return count;
  };
  expect(await pieces()).toBe(0);
  for (let n = 600; n < 1400; n++) await bookHere(n);
  await streams.settled();
  expect(await pieces()).toBeGreaterThan(0);
  start();
  expect(await streams.reservations(quiet)).toHaveLength(1400);
});
