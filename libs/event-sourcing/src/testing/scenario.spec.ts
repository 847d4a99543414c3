import { SeededIds } from '@latchkey/platform';
import { Refusal } from '../refusal';
import { added, cause, counterCodec, counterFold } from './counter';
import { DeciderStreams } from '../decider';
import { type FaultyEventStore, InMemoryEventStore } from '../in-memory';
import { afterEachCrash, encodedBy, type Fact, inStream, type Running, Scenario } from './scenario';

/** Adds to two counters, one after the other; a sum above 9 is refused. */
type Add = { readonly amount: number };

class Counting extends Scenario<Add, Running<Add>> {
  store = new InMemoryEventStore();
  readonly world = undefined;
  private readonly ids = new SeededIds('counting');

  constructor(private readonly forgets = false) {
    super();
  }

  protected open(): void {
    this.store = new InMemoryEventStore();
  }

  encoded(fact: Fact) {
    const written = { id: this.ids.uuid(), at: 0, workspaceId: 'workspace-1' };
    return encodedBy({ counter: counterCodec }, fact, written);
  }

  protected start(store: FaultyEventStore): Promise<Running<Add>> {
    const { forgets, ids } = this;
    const counter = { category: 'counter', codec: counterCodec, fold: counterFold };
    const streams = new DeciderStreams({ ...counter, store, ids, clock: { now: () => 0 } });
    const add =
      ({ amount }: Add) =>
      (sum: number) => {
        if (sum + amount > 9) throw Refusal.untimely('full', 'The counter is full.');
        return sum === 0 || forgets ? [added(amount)] : [];
      };
    return Promise.resolve({
      async execute(command) {
        for (const id of ['a', 'b']) await streams.transact(id, cause, add(command));
      },
      caughtUp: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  }
}

const a = (amount: number) => inStream('counter-a', added(amount));
const b = (amount: number) => inStream('counter-b', added(amount));

describe('a scenario', () => {
  it('holds when exactly that has happened', async () => {
    const counting = new Counting();
    await counting.given(b(1));
    await counting.when({ amount: 2 }).then(a(2));
    await counting.when({ amount: 9 }).thenFails({ kind: 'untimely', why: 'full' });
  });

  it('fails when less, more or something else has happened', async () => {
    for (const expected of [[a(2)], [a(2), b(2), b(2)], [b(2), a(2)], [a(2), b(3)]]) {
      const counting = new Counting();
      await counting.given();
      await expect(counting.when({ amount: 2 }).then(...expected)).rejects.toThrow('toEqual');
    }
  });

  it('fails when it was not refused, for another reason, or after something has happened', async () => {
    const counting = new Counting();
    await counting.given(b(9));
    await expect(counting.when({ amount: 0 }).thenFails({})).rejects.toThrow('toBeInstanceOf');
    await expect(counting.when({ amount: 10 }).thenFails({ kind: 'invalid' })).rejects.toThrow(
      'toMatchObject',
    );
    await expect(counting.when({ amount: 2 }).thenFails({ kind: 'untimely' })).rejects.toThrow('toEqual');
  });

  it('lets others be faster', async () => {
    const counting = new Counting();
    await counting.given();
    counting.overtakenBy(a(1));
    await counting.when({ amount: 2 }).then(a(1), b(2));
  });

  it('is played with a crash after each append', async () => {
    const crashes: number[] = [];
    const play = (forgets: boolean) =>
      afterEachCrash(
        () => new Counting(forgets),
        async (counting) => {
          await counting.given();
          await counting.when({ amount: 2 }).then(a(2), b(2));
          crashes.push(Number(counting.hasCrashed));
        },
      );
    await play(false);
    expect(crashes).toEqual([1, 1, 0]);
    await expect(play(true)).rejects.toThrow('toEqual');
  });

  it('is played so in worlds of its own by one word', async () => {
    const counting = new Counting();
    await counting.given(b(0)).when({ amount: 2 }).thenThroughCrashes(a(2), b(2));
    const forgetful = new Counting(true);
    await expect(forgetful.when({ amount: 2 }).thenThroughCrashes(a(2), b(2))).rejects.toThrow('toEqual');
  });
});
