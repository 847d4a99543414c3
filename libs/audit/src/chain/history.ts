import type { EventStore, RecordedEvent } from '@latchkey/event-sourcing';
import { beginning, type Link, linked, type ShownFact, shownFact } from './chain';
import { AUDIT_CHECKPOINT, checkpointCodec } from './checkpoints';
import { readFacts } from './read-facts';
import { isErasedBy, isRelinked } from './relinked';
import { isSignedBy, type SignedLink } from './signing';

/** What is wrong with a history: it differs from what was signed, or contains events that are not the server's. */
export interface Finding {
  readonly workspaceId: string | null;
  readonly what: 'differs' | 'not-signed-by-us' | 'foreign' | 'shorter';
  /** The event at which it was found, as stream@revision. */
  readonly at: string;
  readonly message: string;
}

/** A fact in order, with the chain up to it, and the checkpoint that was signed there, if any. */
export interface LinkedFact {
  readonly fact: ShownFact;
  readonly link: Link;
  readonly checkpoint: SignedLink | undefined;
}

export interface Verified {
  /** How far the chain of each workspace comes. */
  readonly chains: ReadonlyMap<string, Link>;
  readonly checkpoints: number;
  readonly foreign: number;
}

/** The links of a workspace's chain that were signed, by their length. */
async function checkpointsOf(store: EventStore, workspaceId: string): Promise<Map<number, SignedLink>> {
  const signed = new Map<number, SignedLink>();
  for await (const recorded of store.read(`${AUDIT_CHECKPOINT}-${workspaceId}`)) {
    const event = checkpointCodec.decodeOwn(recorded);
    if (event) signed.set(event.data.length, event.data);
  }
  return signed;
}

/**
 * Links all facts again and compares the chains with the checkpoints. @param onFinding gets each finding, in the order
 * of the facts @param onFact gets each fact, and is waited for
 */
export async function verifyHistory(
  store: EventStore,
  publicKey: string,
  onFinding: (finding: Finding) => void,
  onFact: (fact: LinkedFact, workspaceId: string) => Promise<void> | void = () => undefined,
): Promise<Verified> {
  const chains = new Map<string, Link>();
  const signed = new Map<string, Map<number, SignedLink>>();
  let [checkpoints, foreign] = [0, 0];
  await readFacts(store, async (read) => {
    const { event } = read;
    if (read.is === 'foreign') {
      foreign++;
      onFinding({ workspaceId: null, what: 'foreign', at: placeOf(event), message: read.reason });
      return;
    }
    const { workspaceId } = event.metadata;
    let there = signed.get(workspaceId);
    if (!there) signed.set(workspaceId, (there = await checkpointsOf(store, workspaceId)));
    const fact = shownFact(event);
    const link = linked(chains.get(workspaceId) ?? beginning(workspaceId), fact);
    chains.set(workspaceId, link);
    if (isRelinked(fact) && !isErasedBy(publicKey, fact)) {
      const message = 'what is missing in the fact was not erased by this server';
      onFinding({ workspaceId, what: 'not-signed-by-us', at: placeOf(event), message });
    }
    const checkpoint = there.get(link.length);
    if (checkpoint) {
      checkpoints++;
      const wrong = whatIsWrong(checkpoint, link, publicKey);
      if (wrong) onFinding({ workspaceId, at: placeOf(event), ...wrong });
    }
    await onFact({ fact, link, checkpoint }, workspaceId);
  });
  for (const [workspaceId, there] of signed) {
    const { length } = chains.get(workspaceId)!;
    const longest = Math.max(0, ...there.keys());
    if (longest <= length) continue;
    const message = `${longest} facts were signed, and there are ${length}`;
    onFinding({ workspaceId, what: 'shorter', at: 'the end', message });
  }
  return { chains, checkpoints, foreign };
}

function whatIsWrong(
  checkpoint: SignedLink,
  { hash }: Link,
  publicKey: string,
): Pick<Finding, 'what' | 'message'> | undefined {
  if (!isSignedBy(publicKey, checkpoint)) {
    return {
      what: 'not-signed-by-us',
      message: `the checkpoint of ${checkpoint.at} was not signed by this server`,
    };
  }
  if (checkpoint.hash === hash) return undefined;
  return {
    what: 'differs',
    message: `the facts up to here are not those that were signed at ${checkpoint.at}`,
  };
}

const placeOf = ({ stream, revision }: RecordedEvent): string => `${stream}@${revision}`;
