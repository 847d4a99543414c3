import { Turns } from './turns';

describe('turns', () => {
  it('come one at a time, in the order of asking', async () => {
    const turns = new Turns();
    const order: number[] = [];
    let inside = 0;
    const work = async (n: number) => {
      await turns.take();
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(n);
      inside -= 1;
      turns.give();
    };
    const numbers = Array.from({ length: 3000 }, (_, n) => n);
    await Promise.all(numbers.map(work));

    expect(order).toEqual(numbers);
  });

  it('are given up by those who have waited too long, and go on to the next', async () => {
    const alive = setInterval(() => {}, 1000);
    const turns = new Turns(5);
    await turns.take();
    await expect(turns.take()).rejects.toThrow(/was not free for 0\.005 s/);
    const next = turns.take();
    turns.give();

    await expect(next).resolves.toBeUndefined();
    clearInterval(alive);
  });
});
