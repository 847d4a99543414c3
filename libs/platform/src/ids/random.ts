import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Where randomness comes from: drawn PINs, jitter, tokens. */
export interface Random {
  /** A whole number, uniform over 0 ≤ n < bound; bound is from 1 to 2^47. */
  int(bound: number): number;
  /** `count` random bytes. */
  bytes(count: number): Buffer;
}

/** How many bytes are drawn ahead; more than that are drawn by themselves. */
const DRAWN_AHEAD = 2_048;

/** The operating system's cryptographic generator. */
export class CryptoRandom implements Random {
  /** Drawn ahead: to ask the generator takes longer than to fill all of this. */
  private drawn = Buffer.alloc(0);

  int(bound: number): number {
    return randomInt(checked(bound));
  }

  bytes(count: number): Buffer {
    if (count > DRAWN_AHEAD) return randomBytes(count);
    if (this.drawn.length < count) this.drawn = randomBytes(DRAWN_AHEAD);
    const taken = Buffer.from(this.drawn.subarray(0, count));
    // What was taken may be a key: it stays nowhere else.
    this.drawn.fill(0, 0, count);
    this.drawn = this.drawn.subarray(count);
    return taken;
  }
}

/** The same sequence for the same seed: for tests and simulations, never for PINs or tokens that matter. */
export class SeededRandom implements Random {
  private block = Buffer.alloc(0);
  private counter = 0;

  constructor(private readonly seed: number | string) {}

  int(bound: number): number {
    // Draws beyond the largest multiple of the bound are thrown away, or small numbers would come more often.
    const limit = 2 ** 48 - (2 ** 48 % checked(bound));
    for (;;) {
      const draw = this.bytes(6).readUIntBE(0, 6);
      if (draw < limit) return draw % bound;
    }
  }

  bytes(count: number): Buffer {
    while (this.block.length < count) {
      const next = createHash('sha256').update(`${this.seed}/${this.counter++}`).digest();
      this.block = Buffer.concat([this.block, next]);
    }
    const taken = Buffer.from(this.block.subarray(0, count));
    this.block = this.block.subarray(count);
    return taken;
  }
}

function checked(bound: number): number {
  if (Number.isSafeInteger(bound) && bound >= 1 && bound <= 2 ** 47) return bound;
  throw new RangeError(`A bound must be from 1 to 2^47, not ${bound}.`);
}
