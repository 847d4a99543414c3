import { setImmediate as nextTurn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { JSON_TYPE } from './answers';

/** Items of a list that are written at once. */
const AT_ONCE = 100;

/** An answer with a long list is written piece by piece: at once it would keep everybody else waiting. */
export const inPieces = (answer: object): object => (isLong(answer) ? streamed(answer) : answer);

function isLong(answer: object): boolean {
  if (Object.getPrototypeOf(answer) !== Object.prototype) return false;
  const parts = answer as Record<string, unknown>;
  for (const name in parts) {
    const part = parts[name];
    if (Array.isArray(part) && part.length > AT_ONCE) return true;
  }
  return false;
}

const streamed = (answer: object): StreamableFile =>
  new StreamableFile(Readable.from(pieces(answer), { objectMode: false }), { type: JSON_TYPE });

/** The answer's JSON, as JSON.stringify writes it. */
async function* pieces(answer: object): AsyncGenerator<string> {
  let before = '{';
  for (const [key, part] of Object.entries(answer) as [string, unknown][]) {
    if (part === undefined) continue;
    yield `${before}${JSON.stringify(key)}:`;
    if (Array.isArray(part)) yield* items(part);
    else yield JSON.stringify(part);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

async function* items(list: readonly unknown[]): AsyncGenerator<string> {
  yield '[';
  for (let from = 0; from < list.length; from += AT_ONCE) {
    const text = JSON.stringify(list.slice(from, from + AT_ONCE)).slice(1, -1);
    yield from === 0 ? text : `,${text}`;
    await nextTurn();
  }
  yield ']';
}
