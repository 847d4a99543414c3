import { MockNetwork } from './mock-network';
import type { LockTraits, SimulatedLock } from './simulated-lock';

/** What the process that started this one may ask: of the network, or of the lock of a node. */
export type Ask = { readonly id: number; readonly args: readonly unknown[] } & (
  | { readonly node: number; readonly method: LockMethod }
  | { readonly node: null; readonly method: NetworkMethod }
);

type LockMethod = keyof SimulatedLock;
type NetworkMethod = 'stopServer' | 'startAgain' | 'interviewAnew' | 'exclude' | 'include' | 'log' | 'close';

/** A network in a process of its own: traits of its locks as JSON on the command line, questions by messages. */
async function main(): Promise<void> {
  // Nothing else keeps the process alive while the nodes are interviewed.
  const alive = setInterval(() => undefined, 1000);
  const network = await MockNetwork.start(JSON.parse(process.argv[2] ?? '[]') as LockTraits[]);
  process.on('message', (message) => void answer(network, message as Ask));
  // The process that started it is gone, so this one ends, too.
  process.on('disconnect', () => process.exit(0));
  process.send!({ address: network.address });
  clearInterval(alive);
}

async function answer(network: MockNetwork, { id, node, method, args }: Ask): Promise<void> {
  try {
    const on = (node === null ? network : network.lock(node)) as unknown as Record<string, unknown>;
    const member = on[method];
    const value: unknown =
      typeof member === 'function'
        ? await (member as (...a: unknown[]) => unknown).apply(on, [...args])
        : member;
    process.send!({ id, value });
  } catch (error) {
    process.send!({ id, error: String(error) });
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
