import { comparePositions, type Position } from '@latchkey/event-sourcing';
import { UnreadWrites } from './unread-writes';

const at = (n: number): Position => ({ commit: BigInt(n), prepare: BigInt(n) });

describe('what was answered before the views had it', () => {
  let folded = 0;
  let unread: UnreadWrites;

  beforeEach(() => {
    folded = 0;
    unread = new UnreadWrites((position) => comparePositions(position, at(folded)) <= 0);
  });

  it('is nothing at first', () => {
    expect(unread.last).toBeUndefined();
    expect(unread.count).toBe(0);
  });

  it('ends with the latest position, in whatever order answers came', () => {
    for (const n of [5, 9, 7]) unread.add(at(n));
    expect(unread.last).toEqual(at(9));
    expect(unread.count).toBe(3);
  });

  it('shrinks as the views go on, and is nothing once they have all', () => {
    for (const n of [5, 7, 9]) unread.add(at(n));
    folded = 7;
    expect(unread.last).toEqual(at(9));
    expect(unread.count).toBe(1);
    folded = 9;
    expect(unread.last).toBeUndefined();
    expect(unread.count).toBe(0);
  });
});
