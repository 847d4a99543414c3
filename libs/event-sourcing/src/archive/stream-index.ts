import { createHash } from 'node:crypto';

/** A key of six bytes, and the number of a block in four. */
const ENTRY = 10;
const KEY = 6;

/** A stream's name as the index knows it. Two names may have one key: readers compare the names. */
export function keyOf(stream: string): number {
  return createHash('sha256').update(stream).digest().readUIntBE(0, KEY);
}

/** In which blocks of a file the facts of each stream are: ten bytes a stream and block, ordered by key. */
export class StreamIndex {
  constructor(private readonly bytes: Buffer) {}

  /** The index of a file whose block n has facts of the streams of `streams[n]`. */
  static of(streams: readonly ReadonlySet<string>[]): Buffer {
    const entries = streams
      .flatMap((names, block) => [...names].map((name): [number, number] => [keyOf(name), block]))
      .sort(([a, m], [b, n]) => a - b || m - n);
    const bytes = Buffer.alloc(entries.length * ENTRY);
    entries.forEach(([key, block], n) => {
      bytes.writeUIntBE(key, n * ENTRY, KEY);
      bytes.writeUInt32BE(block, n * ENTRY + KEY);
    });
    return bytes;
  }

  /** The blocks that may have facts of a stream, ascending. */
  blocksOf(stream: string): number[] {
    const key = keyOf(stream);
    const blocks: number[] = [];
    for (let n = this.firstAtLeast(key); n < this.length && this.keyAt(n) === key; n++)
      blocks.push(this.bytes.readUInt32BE(n * ENTRY + KEY));
    return blocks;
  }

  private get length(): number {
    return Math.floor(this.bytes.length / ENTRY);
  }

  private keyAt(n: number): number {
    return this.bytes.readUIntBE(n * ENTRY, KEY);
  }

  private firstAtLeast(key: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keyAt(middle) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
