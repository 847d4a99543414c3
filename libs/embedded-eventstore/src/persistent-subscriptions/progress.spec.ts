import fc from 'fast-check';
import { type Message } from './message';
import { Progress } from './progress';

const settings = { minCheckpointCount: 3, maxCheckpointCount: 10, checkpointAfter: 1000 };

function message(place: number, previous: number, sequence: number): Message {
  return { resolved: { event: undefined, link: undefined }, place, previous, sequence, retryCount: 0 };
}

describe('the checkpoints of a group', () => {
  it('never pass a message that has not been dealt with, and never go back', () => {
    const action = fc.oneof(
      fc.constant('read' as const),
      fc.constant('tick' as const),
      fc.nat(20).map((which) => ({ settle: which })),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const progress = new Progress(settings, undefined, -1, 0);
        const unsettled: Message[] = [];
        let now = 0;
        let last = -1;
        for (const each of actions) {
          now += 300;
          if (each === 'read') {
            const previous = progress.read;
            unsettled.push(message(previous + 1, previous, progress.advance(previous + 1)));
          } else if (each !== 'tick' && unsettled.length > 0) {
            unsettled.splice(each.settle % unsettled.length, 1);
            progress.settled();
          }
          const first = [...unsettled].sort((a, b) => a.sequence - b.sequence)[0];
          const place = progress.checkpointDue(now, each === 'tick', () => first);
          if (place === undefined) continue;
          expect(place).toBeLessThan(first?.place ?? Infinity);
          expect(place).toBeGreaterThan(last);
          last = place;
        }
      }),
    );
  });

  it('come each so many events, and for fewer when the time is up', () => {
    const progress = new Progress(settings, undefined, -1, 0);
    const none = (): undefined => undefined;
    for (let n = 0; n < 9; n += 1) progress.advance(n);
    expect(progress.checkpointDue(10, false, none)).toBeUndefined();
    progress.advance(9);
    expect(progress.checkpointDue(10, false, none)).toBe(9);

    progress.advance(10);
    progress.advance(11);
    expect(progress.checkpointDue(5000, true, none)).toBeUndefined();
    progress.advance(12);
    expect(progress.checkpointDue(5000, true, none)).toBe(12);
  });
});
