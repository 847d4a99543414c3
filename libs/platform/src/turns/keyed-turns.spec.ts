import { KeyedTurns } from './keyed-turns';

describe('turns by key', () => {
  it('come one after the other, also after a failure, and do not wait for another key', async () => {
    const turns = new KeyedTurns();
    const order: string[] = [];
    let end: () => void = () => undefined;
    const first = turns.take('a', async () => {
      await new Promise<void>((resolve) => (end = resolve));
      order.push('first');
      throw new Error('in vain');
    });
    const second = turns.take('a', () => {
      order.push('second');
      return Promise.resolve(2);
    });
    await turns.take('b', () => Promise.resolve(order.push('other')));
    end();
    await expect(first).rejects.toThrow('in vain');
    expect(await second).toBe(2);
    expect(order).toEqual(['other', 'first', 'second']);
  });
});
