import {
  carriesPersonal,
  type EventStore,
  type RecordedEvent,
  replacingPersonal,
} from '@latchkey/event-sourcing';
import { beginning, type Link, linked, type ShownFact, shownFact } from './chain';
import { readFacts } from './read-facts';
import { type ChainSigner, isSigned } from './signing';

/**
 * What is left of a fact without a salt once what is personal in it is erased: its link can't be computed any more. It
 * keeps the hash of the chain before it and with it, as the server has computed them when it erased, and signed, together
 * with what is left. So the chain still covers everything before it.
 */
export function isRelinked({ metadata }: Pick<ShownFact, 'metadata'>): boolean {
  return (metadata as RecordedEvent['metadata'] | null)?.relinked !== undefined;
}

/** Whether the server with that key has erased the fact, and nothing of it was changed since. */
export function isErasedBy(publicKey: string, fact: ShownFact): boolean {
  const { relinked } = fact.metadata as RecordedEvent['metadata'];
  return relinked !== undefined && isSigned(publicKey, textOf(fact), relinked.signature);
}

/** Whether something personal in a fact can only be erased that way. */
export function hasNoSalt({ data, metadata, forged }: RecordedEvent): boolean {
  return forged === undefined && metadata.salt === undefined && carriesPersonal(data);
}

/**
 * Facts without a salt, as they are to be once what is personal in them is erased. All of history is read for it.
 * @returns by the ids of the facts
 */
export async function erasedWithoutSalt(
  { store, signer }: { readonly store: EventStore; readonly signer: ChainSigner },
  ids: ReadonlySet<string>,
): Promise<Map<string, RecordedEvent>> {
  const erased = new Map<string, RecordedEvent>();
  if (ids.size === 0) return erased;
  const chains = new Map<string, Link>();
  await readFacts(store, ({ is, event }) => {
    if (is === 'foreign') return;
    const { workspaceId } = event.metadata;
    const before = chains.get(workspaceId) ?? beginning(workspaceId);
    const after = linked(before, shownFact(event));
    chains.set(workspaceId, after);
    if (ids.has(event.id) && hasNoSalt(event))
      erased.set(event.id, relinked(event, { before, after, signer }));
  });
  return erased;
}

function relinked(
  fact: RecordedEvent,
  { before, after, signer }: { readonly before: Link; readonly after: Link; readonly signer: ChainSigner },
): RecordedEvent {
  const data = replacingPersonal(fact.data, () => null);
  const links = { before: before.hash, after: after.hash };
  const metadata = { ...fact.metadata, relinked: { ...links, signature: '' } };
  const without = { ...fact, data, metadata, written: undefined };
  const signature = signer.signText(textOf(shownFact(without)));
  return { ...without, metadata: { ...without.metadata, relinked: { ...links, signature } } };
}

/** What is signed: all that is left of the fact, and the two links. */
function textOf({ stream, revision, id, type, data, metadata, sealed }: ShownFact): string {
  const { relinked: links, ...rest } = metadata as RecordedEvent['metadata'];
  const left = [stream, revision, id, type, data, rest, sealed, links?.before, links?.after];
  return `latchkey erasure/1\n${JSON.stringify(left)}`;
}
