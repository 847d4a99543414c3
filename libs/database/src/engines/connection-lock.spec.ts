import { ConnectionLock } from './connection-lock';

describe('the lock of a connection', () => {
  it('lets one in at a time, in the order of asking', async () => {
    const lock = new ConnectionLock();
    const order: number[] = [];
    let inside = 0;
    const work = async (n: number) => {
      await lock.acquire();
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(n);
      inside -= 1;
      lock.release();
    };
    const numbers = Array.from({ length: 3000 }, (_, n) => n);
    await Promise.all(numbers.map(work));

    expect(order).toEqual(numbers);
  });

  it('is given up by those who have waited too long, and goes on to the next', async () => {
    const alive = setInterval(() => {}, 1000);
    const lock = new ConnectionLock(5);
    await lock.acquire();
    await expect(lock.acquire()).rejects.toThrow(/was not free for 0\.005 s/);
    const next = lock.acquire();
    lock.release();

    await expect(next).resolves.toBeUndefined();
    clearInterval(alive);
  });
});
