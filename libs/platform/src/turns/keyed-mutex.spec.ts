import { KeyedMutex } from './keyed-mutex';

describe('a mutex by key', () => {
  it('lets work begin one after the other, also after a failure, and not wait for another key', async () => {
    const mutex = new KeyedMutex();
    const order: string[] = [];
    let end: () => void = () => undefined;
    const first = mutex.runExclusive('a', async () => {
      await new Promise<void>((resolve) => (end = resolve));
      order.push('first');
      throw new Error('in vain');
    });
    const second = mutex.runExclusive('a', () => {
      order.push('second');
      return Promise.resolve(2);
    });
    await mutex.runExclusive('b', () => Promise.resolve(order.push('other')));
    end();
    await expect(first).rejects.toThrow('in vain');
    expect(await second).toBe(2);
    expect(order).toEqual(['other', 'first', 'second']);
  });
});
