import { TestNode } from './counter';

/** An EventStoreDB that a contract is tested on. */
export interface ContractNode {
  readonly url: string;
  discard(): Promise<void>;
}

/** The one that `EVENTSTORE_TEST_URL` names, which keeps what is written to it, or an embedded one on a new data folder. */
export async function contractNode(): Promise<ContractNode> {
  const given = process.env['EVENTSTORE_TEST_URL'];
  if (given) return { url: given, discard: () => Promise.resolve() };
  const node = new TestNode();
  return { url: await node.start(), discard: () => node.discard() };
}
