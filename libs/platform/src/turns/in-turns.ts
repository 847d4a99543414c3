import { othersTurn } from './others-turn';

/** How many items are handed on before others get a turn. */
const AT_ONCE = 100;

/** Hands items on one by one, and lets whatever else has come meanwhile go first now and then. */
export async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  let handed = 0;
  for (const item of items) {
    yield item;
    if (++handed % AT_ONCE === 0) await othersTurn();
  }
}
