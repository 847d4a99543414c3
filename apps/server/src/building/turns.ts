/** Hands out the numbers from 0 on, each once, to all threads that share its memory. */
export class Turns {
  private readonly next: Int32Array;

  constructor(readonly memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.next = new Int32Array(memory);
  }

  take(): number {
    return Atomics.add(this.next, 0, 1);
  }
}
