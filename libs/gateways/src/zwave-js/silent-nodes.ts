import { backOff, CryptoRandom, MINUTE, SECOND } from '@latchkey/platform';
import type { ZwaveNode } from './nodes';

/** How long (ms) a silent node is left alone between two attempts: each keeps the radio busy for seconds. */
const PAUSE = { first: 5 * SECOND, limit: MINUTE };

interface Silent {
  readonly tries: number;
  readonly triedAt: number;
  readonly until: number;
}

/** Nodes that are taken for dead: tried again from time to time, as nothing else may bring them back. */
export class SilentNodes {
  private readonly nodes = new Map<number, Silent>();
  private readonly random = new CryptoRandom();

  constructor(private readonly clock: { now(): number }) {}

  /**
   * Whether a node answers. It is not asked if it is taken to be alive, or has just been asked in vain.
   * @param isAwaited somebody waits for it: it is asked in any case
   */
  async answers(
    { nodeId, alive }: Pick<ZwaveNode, 'nodeId' | 'alive'>,
    ping: () => Promise<boolean>,
    isAwaited = false,
  ): Promise<boolean> {
    if (alive) return true;
    const before = this.nodes.get(nodeId);
    if (before && !isAwaited && this.isLeftAlone(before)) return false;
    const answered = await ping();
    if (answered) this.nodes.delete(nodeId);
    else this.add(nodeId, before?.tries ?? 0);
    return answered;
  }

  /** It is heard of again, or gone. */
  delete(nodeId: number): void {
    this.nodes.delete(nodeId);
  }

  clear(): void {
    this.nodes.clear();
  }

  private isLeftAlone({ triedAt, until }: Silent): boolean {
    const now = this.clock.now();
    // The clock may have been put back.
    return triedAt <= now && now < until;
  }

  private add(nodeId: number, tries: number): void {
    const triedAt = this.clock.now();
    this.nodes.set(nodeId, {
      tries: tries + 1,
      triedAt,
      until: triedAt + backOff(tries, PAUSE, this.random),
    });
  }
}
