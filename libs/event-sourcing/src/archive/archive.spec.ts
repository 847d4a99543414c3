import { createHmac } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededIds, until } from '@latchkey/platform';
import fc from 'fast-check';
import { comparePositions, type EventStore, type Position, type RecordedEvent } from '../event-store';
import { StoreDamaged } from '../eventstoredb';
import { InMemoryEventStore, ProcessDied } from '../in-memory';
import { MarkedEventStore, type Marker } from '../marked-event-store';
import { metadata, newEvent } from '../testing/counter';
import { Archive } from './archive';
import { ArchiveFolder } from './archive-folder';
import { ArchivedEventStore } from './archived-event-store';
import { Archiving, type Change } from './archiving';

const marker: Marker = {
  mark: (text) => createHmac('sha256', 'key').update(text).digest('base64url'),
  isMarked: (text, mark) => createHmac('sha256', 'key').update(text).digest('base64url') === mark,
};

/** A process dies at its nth step: nothing that it does later reaches store or folder. */
class Steps {
  taken = 0;
  constructor(private readonly last = Infinity) {}
  step(): void {
    if (++this.taken > this.last) throw new ProcessDied(`at step ${this.last}`);
  }
}

class SteppedFolder extends ArchiveFolder {
  constructor(
    path: string,
    private readonly steps: Steps,
  ) {
    super(path);
  }

  override async write(...[name, facts]: Parameters<ArchiveFolder['write']>) {
    try {
      this.steps.step();
    } catch (error) {
      mkdirSync(this.path, { recursive: true });
      writeFileSync(this.pathOf(`${name}.partial`), 'half of it');
      throw error;
    }
    const file = await super.write(name, facts);
    this.steps.step();
    return file;
  }

  override async remove(name: string) {
    this.steps.step();
    await super.remove(name);
    this.steps.step();
  }
}

let path: string;
let hot: InMemoryEventStore;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'latchkey-archive-'));
  hot = new InMemoryEventStore(() => 0);
});
afterEach(async () => {
  await hot.close();
  rmSync(path, { recursive: true, force: true });
});

let started = 0;

/** What one process has of the store and its archive, until it dies. */
async function process(steps = new Steps()) {
  const bare = Object.assign(Object.create(hot) as InMemoryEventStore, {
    append: (...of: Parameters<EventStore['append']>) => {
      if (of[0].startsWith('archive-')) steps.step();
      return hot.append(...of);
    },
    truncateBefore: (...of: Parameters<EventStore['truncateBefore']>) => {
      steps.step();
      return hot.truncateBefore(...of);
    },
  });
  const marked = new MarkedEventStore(bare, marker, undefined);
  const folder = new SteppedFolder(path, steps);
  const archive = await Archive.open(folder, marked);
  const reclaim = () => {
    steps.step();
    hot.scavenge();
    steps.step();
    return Promise.resolve();
  };
  const clock = { now: () => 0 };
  const archiving = new Archiving({ archive, store: marked, clock, ids: new SeededIds(++started), reclaim });
  return { archive, archiving, store: marked.over(new ArchivedEventStore(bare, archive, () => true)) };
}

const all = async (events: AsyncIterable<RecordedEvent>) => {
  const read: RecordedEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
};

/** Everything that a subscription hands over until it has caught up. */
async function followed(store: EventStore, after?: Position, batch = 500): Promise<RecordedEvent[]> {
  const seen: RecordedEvent[] = [];
  let caughtUp = false;
  const subscription = store.subscribeToAll({
    ...{ after, prefixes: ['code-', 'other-'], batch: () => batch },
    onEvents: (events) => {
      expect(events.length).toBeLessThanOrEqual(Math.max(batch, 500));
      return Promise.resolve(void seen.push(...events));
    },
    onCaughtUp: () => (caughtUp = true),
    onError: (error) => {
      throw error;
    },
  });
  await until(() => caughtUp);
  await subscription.stop();
  return seen;
}

/** Appends an event to each stream named, in that order. */
async function happened(store: EventStore, streams: readonly string[]): Promise<void> {
  const revisions = new Map<string, number>();
  for (const [n, stream] of streams.entries()) {
    const event = { ...newEvent(n), data: { amount: n, name: `Guest ${n}` } };
    const { revision } = await store.append(stream, [event], revisions.get(stream) ?? -1);
    revisions.set(stream, revision);
  }
}

const STREAMS = ['code-1', 'code-2', 'other-1', 'code-3', 'code-1', 'code-2', 'code-1', 'other-1', 'code-3'];

const histories = fc.array(fc.constantFrom('code-1', 'code-2', 'code-3', 'other-1'), { maxLength: 40 });

describe('what is archived', () => {
  it('is read and followed as before, from wherever, once it is gone from the store', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.nat(60),
        fc.integer({ min: 1, max: 7 }),
        async (streams, from, batch) => {
          hot = new InMemoryEventStore(() => 0);
          rmSync(path, { recursive: true });
          const { archiving, store } = await process();
          await happened(store, streams);
          const before = await followed(store);
          const ofOne = await all(store.read('code-1'));

          await archiving.archive([{ stream: 'code-1' }, { stream: 'code-2' }]);
          await archiving.archive([{ stream: 'other-1', before: 2 }, { stream: 'code-3' }]);
          await archiving.reclaim();

          const reader = (await process()).store;
          expect(await followed(reader, undefined, batch)).toEqual(before);
          const after = before[from]?.position;
          const later = before.filter((each) => !after || comparePositions(each.position, after) > 0);
          expect(await followed(reader, after, batch)).toEqual(later);
          expect(await all(reader.read('code-1'))).toEqual(ofOne);
          expect(await all(reader.read('code-1', 1, 2))).toEqual(ofOne.slice(1, 3));
          expect(await all(reader.readBackwards('code-1', 2))).toEqual(ofOne.slice(-2).reverse());
          for (const event of before) expect(await reader.eventAt(event.position)).toEqual(event);
          const hidden = before.filter(({ stream, revision }) => stream !== 'other-1' || revision < 2);
          expect((await followed(hot)).length).toBe(before.length - hidden.length);
          await hot.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is followed by a stream that goes on, with the next revision, and can be archived with it', async () => {
    const { archiving, store } = await process();
    await happened(store, ['code-1', 'code-1']);
    await archiving.archive([{ stream: 'code-1' }]);
    await archiving.reclaim();
    const { revision } = await store.append('code-1', [newEvent(7)], 1);
    expect(revision).toBe(2);
    const whole = await all(store.read('code-1'));
    expect(whole.map((event) => event.revision)).toEqual([0, 1, 2]);

    expect(await archiving.archive([{ stream: 'code-1' }])).toBe(1);
    await archiving.reclaim();
    expect(await all(store.read('code-1'))).toEqual(whole);
    expect(await archiving.archive([{ stream: 'code-1' }])).toBe(0);
  });

  it('is noticed by another process that is reading history, and by one that follows', async () => {
    const [one, other] = [await process(), await process()];
    await happened(one.store, STREAMS);
    const before = await followed(one.store);
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const seen: RecordedEvent[] = [];
    const subscription = other.store.subscribeToAll({
      ...{ after: undefined, prefixes: ['code-', 'other-'] },
      onEvents: async (events) => {
        if (seen.length === 0) await held;
        seen.push(...events);
      },
    });
    const more = ['code-4', 'code-4', 'code-5'];
    await happened(one.store, more);
    await one.archiving.archive([{ stream: 'code-4' }]);
    await one.archiving.reclaim();
    go();
    await until(() => seen.length === STREAMS.length + more.length);
    await subscription.stop();
    expect(seen.slice(0, STREAMS.length)).toEqual(before);
    expect(seen).toEqual(await followed(one.store));
    expect(await all(other.store.read('code-4'))).toHaveLength(2);
  });

  it('can be changed, and is accepted only with its new mark', async () => {
    const { archive, archiving, store } = await process();
    await happened(store, STREAMS);
    const marked = new MarkedEventStore(hot, marker, undefined);
    const blank: Change = (fact) =>
      fact.stream === 'code-1' ? marked.marked({ ...fact, data: { amount: 0, name: null } }) : fact;
    await archiving.archive([{ stream: 'code-1' }], blank);
    await archiving.archive([{ stream: 'code-2' }]);
    await archiving.reclaim();
    const names = (of: readonly RecordedEvent[]) => of.map(({ data }) => (data as { name: unknown }).name);
    expect(names(await all(store.read('code-1')))).toEqual([null, null, null]);
    expect((await all(store.read('code-1'))).every(({ forged }) => forged === undefined)).toBe(true);

    const forging: Change = (fact) => ({ ...fact, data: { amount: 0, name: null } });
    expect(await archiving.rewrite(['code-2', 'code-9'], forging)).toBe(1);
    expect((await all(store.read('code-2'))).map(({ forged }) => forged)).toEqual(
      Array(2).fill('its mark is not right'),
    );
    expect(await archiving.rewrite(['code-1'], (fact) => fact)).toBe(0);
    expect(archive.listed).toHaveLength(2);
    expect(readdirSync(path)).toHaveLength(2);
  });

  it('is in files that only their owner may read, and few of them', async () => {
    const { archive, archiving, store } = await process();
    const streams = Array.from({ length: 40 }, (_, n) => `code-${n}`);
    await happened(store, [...streams, ...streams]);
    const before = await followed(store);
    for (const stream of streams) {
      await archiving.archive([{ stream }]);
      await archiving.merge();
      expect(archive.files.length).toBeLessThan(4);
    }
    await archiving.reclaim();
    expect(readdirSync(path)).toHaveLength(archive.files.length);
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    await archive.checkAll();
    expect(await followed(store)).toEqual(before);
  });
});

describe('a process that dies while it archives', () => {
  it('loses and repeats nothing, whichever step was its last, and the next one finishes its work', async () => {
    const blank: Change = (fact) => ({ ...fact, type: 'Blank' });
    const work = async ({ archiving }: Awaited<ReturnType<typeof process>>) => {
      await archiving.archive([{ stream: 'code-1' }, { stream: 'code-2' }]);
      await archiving.archive([{ stream: 'code-3' }]);
      await archiving.archive([{ stream: 'other-1', before: 1 }]);
      await archiving.archive([{ stream: 'other-1' }]);
      await archiving.rewrite(['other-1'], blank);
      await archiving.merge();
      await archiving.reclaim();
    };
    const fresh = async () => {
      hot = new InMemoryEventStore(() => 0);
      rmSync(path, { recursive: true, force: true });
      await happened((await process()).store, STREAMS);
    };
    await fresh();
    const steps = new Steps();
    await work(await process(steps));
    expect(steps.taken).toBeGreaterThan(25);

    for (let last = 0; last < steps.taken; last++) {
      await fresh();
      const { store } = await process();
      const ids = (await followed(store)).map(({ id }) => id);
      await expect(work(await process(new Steps(last)))).rejects.toThrow(ProcessDied);
      const next = await process();
      expect((await followed(next.store)).map(({ id }) => id)).toEqual(ids);
      await next.archiving.finish();
      expect(readdirSync(path).sort()).toEqual(next.archive.listed.map(({ name }) => name).sort());
      await work(next);
      expect((await followed(next.store)).map(({ id }) => id)).toEqual(ids);
      const positions = (await all(next.archive.after(undefined, ['']))).map(({ id }) => id);
      expect(positions).toEqual(ids);
      expect(await followed(hot)).toEqual([]);
      await hot.close();
    }
  });
});

describe('an archive file that has changed', () => {
  const file = () => join(path, readdirSync(path)[0]!);
  beforeEach(async () => {
    const { archiving, store } = await process();
    await happened(store, STREAMS);
    await archiving.archive([{ stream: 'code-1' }]);
    await archiving.reclaim();
  });

  it('is named at the start, where it is missing or truncated', async () => {
    const name = file();
    truncateSync(name, statSync(name).size - 1);
    await expect(process()).rejects.toThrow(`the archive file ${name} is damaged (it has`);
    rmSync(name);
    await expect(process()).rejects.toThrow(`the archive file ${name} is missing; restore it from a backup`);
  });

  it('is named when it is read, or checked, and nothing is left out silently', async () => {
    const whole = readFileSync(file());
    const wrong: string[] = [];
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x10;
      writeFileSync(file(), bytes);
      const found = await (async () => {
        const { archive } = await process();
        await archive.checkAll();
      })().catch((error: unknown) => error);
      // The rest of the header says what was recorded elsewhere.
      if (!(found instanceof StoreDamaged) && at > 400) wrong.push(`${at}: ${String(found)}`);
    }
    expect(wrong).toEqual([]);

    const bytes = Buffer.from(whole);
    bytes.fill(0, 1030, 1040);
    writeFileSync(file(), bytes);
    const { store } = await process();
    await expect(all(store.read('code-1'))).rejects.toThrow(`the archive file ${file()} is damaged`);
    const errors: unknown[] = [];
    const subscription = store.subscribeToAll({
      ...{ after: undefined, prefixes: ['code-'] },
      onEvents: () => Promise.resolve(),
      onError: (error) => errors.push(error),
    });
    await until(() => errors.length > 0);
    await subscription.stop();
    expect(errors[0]).toBeInstanceOf(StoreDamaged);
  });
});

test('facts that others put into a stream in bytes are archived as they are', async () => {
  const { archiving, store } = await process();
  hot.appendForeign('code-1', { id: 'foreign', type: 'Odd', data: Buffer.from([0, 255]), metadata: {} });
  await store.append('code-1', [{ ...newEvent(1), metadata }], 0);
  const before = await all(store.read('code-1'));
  await archiving.archive([{ stream: 'code-1' }]);
  await archiving.reclaim();
  expect(await all(store.read('code-1'))).toEqual(before);
});
