import fc from 'fast-check';
import { DueList } from './due-list';

type Step = { add: number } | { cancel: number } | { fire: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ cancel: fc.nat(300) }),
    fc.record({ fire: fc.integer({ min: 0, max: 50 }) }),
  ),
  { maxLength: 300 },
);

/** Runs the steps, and beside them a model: a plain list that is sorted each time. */
function play(all: Step[]): { called: number[]; expected: number[] } {
  const list = new DueList();
  const called: number[] = [];
  const expected: number[] = [];
  let model: { id: number; instant: number }[] = [];
  const cancels: (() => void)[] = [];
  for (const step of all) {
    if ('add' in step) {
      const id = cancels.length;
      cancels.push(list.add(step.add, () => called.push(id)));
      model.push({ id, instant: step.add });
    } else if ('cancel' in step) {
      cancels[step.cancel]?.();
      model = model.filter(({ id }) => id !== step.cancel);
    } else {
      list.fire(step.fire);
      const due = model.filter(({ instant }) => instant <= step.fire);
      due.sort((a, b) => a.instant - b.instant || a.id - b.id);
      expected.push(...due.map(({ id }) => id));
      model = model.filter(({ instant }) => instant > step.fire);
    }
  }
  expected.push(list.next ?? -1);
  called.push(model.length === 0 ? -1 : Math.min(...model.map(({ instant }) => instant)));
  return { called, expected };
}

describe('a due list', () => {
  it('calls what is due once, in order, and nothing that was cancelled', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { called, expected } = play(all);
        expect(called).toEqual(expected);
      }),
    );
  });

  it('keeps what a callback adds for the next round, however early it is', () => {
    const list = new DueList();
    const called: string[] = [];
    list.add(10, () => {
      called.push('first');
      list.add(5, () => called.push('added'));
    });
    list.add(20, () => called.push('second'));

    list.fire(30);
    expect(called).toEqual(['first', 'second']);
    list.fire(30);
    expect(called).toEqual(['first', 'second', 'added']);
  });

  it('does not grow by what was cancelled long before it is due', () => {
    const list = new DueList();
    for (let n = 0; n < 10_000; n += 1) list.add(1e15 + n, () => {})();

    expect((list as unknown as { heap: unknown[] }).heap.length).toBeLessThan(100);
  });
});
