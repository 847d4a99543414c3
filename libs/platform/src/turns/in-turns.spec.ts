import { inTurns } from './in-turns';

it('hands on every item in order, and lets others go at each hundredth', async () => {
  const items = Array.from({ length: 450 }, (_, n) => n);
  const seen: number[] = [];
  const others: number[] = [];
  let going = true;
  const other = () => {
    others.push(seen.length);
    if (going) setImmediate(other);
  };
  setImmediate(other);
  for await (const item of inTurns(items)) seen.push(item);
  going = false;
  expect(seen).toEqual(items);
  expect(others).toEqual([100, 200, 300, 400]);
});
