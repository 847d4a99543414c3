import { writeAtEndOfTurn } from './end-of-turn';

test('what is ready in one turn is written after all else in it, in its order', async () => {
  const order: string[] = [];
  writeAtEndOfTurn(() => {
    order.push('first');
    writeAtEndOfTurn(() => order.push('of the next turn'));
  });
  await Promise.resolve();
  process.nextTick(() => order.push('work'));
  writeAtEndOfTurn(() => order.push('second'));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(order).toEqual(['work', 'first', 'second']);
  await turn();
  expect(order).toEqual(['work', 'first', 'second', 'of the next turn']);
});
