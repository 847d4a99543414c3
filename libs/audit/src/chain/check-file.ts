import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { beginning, type Link, linked, type ShownFact } from './chain';
import { isErasedBy, isRelinked } from './relinked';
import { isSignedBy, type SignedLink } from './signing';

/** A file that is not a valid export. The message says where it breaks. */
export class BrokenExport extends Error {}

export interface Checked {
  readonly workspaceId: string;
  readonly publicKey: string;
  readonly exportedAt: string;
  readonly facts: number;
  readonly checkpoints: number;
}

const signedLink = z.object({
  workspaceId: z.string(),
  length: z.int(),
  hash: z.string(),
  at: z.string(),
  signature: z.string(),
});

const header = z.object({
  latchkey_audit: z.literal(1),
  workspace_id: z.string(),
  public_key: z.string(),
  exported_at: z.string(),
});

const line = z.union([
  z.object({
    fact: z.object({
      stream: z.string(),
      revision: z.int(),
      id: z.string(),
      type: z.string(),
      data: z.unknown(),
      metadata: z.unknown(),
      sealed: z.string(),
    }),
    hash: z.string(),
  }),
  z.object({ checkpoint: signedLink }),
  z.object({ end: signedLink.extend({ file: z.string() }) }),
]);

/**
 * Checks an export offline: every link, every signature, and that it has its end.
 * @param publicKey the key that must have signed it; left out: the one that the file names
 * @throws {BrokenExport} at the first line that does not hold; also the errors of the disk
 */
export async function checkExport(file: string, publicKey?: string): Promise<Checked> {
  let head: z.infer<typeof header> | undefined;
  let link: Link | undefined;
  let ended = false;
  let [number, checkpoints] = [0, 0];
  const before = createHash('sha256');
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++;
    const broken = (why: string): BrokenExport => new BrokenExport(`line ${number}: ${why}`);
    const untilHere = before.copy();
    before.update(`${text}\n`);
    if (ended) throw broken('there is more after the end');
    if (!head) {
      head = parsed(header, text, broken);
      if (publicKey !== undefined && head.public_key !== publicKey)
        throw broken('it was signed with another key than the given one');
      link = beginning(head.workspace_id);
      continue;
    }
    const next = parsed(line, text, broken);
    if ('fact' in next) {
      link = linked(link!, next.fact);
      if (link.hash !== next.hash) throw broken(`the chain breaks at ${placeOf(next.fact)}`);
      if (isRelinked(next.fact) && !isErasedBy(head.public_key, next.fact))
        throw broken(`what is missing in ${placeOf(next.fact)} was not erased by the server`);
      continue;
    }
    const signed = 'end' in next ? next.end : next.checkpoint;
    checkSigned(signed, link!, head, broken);
    if ('end' in next) {
      if (next.end.file !== untilHere.digest('hex')) throw broken('something before it was changed');
      ended = true;
    } else checkpoints++;
  }
  if (!head || !link) throw new BrokenExport('the file is empty');
  if (!ended) throw new BrokenExport(`it ends after line ${number}, before its signed end`);
  return {
    ...{ workspaceId: head.workspace_id, publicKey: head.public_key, exportedAt: head.exported_at },
    ...{ facts: link.length, checkpoints },
  };
}

function checkSigned(
  signed: SignedLink,
  { length, hash }: Link,
  head: z.infer<typeof header>,
  broken: (why: string) => BrokenExport,
): void {
  if (signed.workspaceId !== head.workspace_id) throw broken('it was signed for another workspace');
  if (!isSignedBy(head.public_key, signed)) throw broken(`the signature of ${signed.at} is wrong`);
  if (signed.length !== length)
    throw broken(`${signed.length} facts were signed at ${signed.at}, and here are ${length}`);
  if (signed.hash !== hash)
    throw broken(`the facts up to here are not those that were signed at ${signed.at}`);
}

function parsed<T>(shape: z.ZodType<T>, text: string, broken: (why: string) => BrokenExport): T {
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw broken('this is not a line of an audit export');
  }
}

const placeOf = ({ stream, revision, type }: ShownFact): string => `${stream}@${revision} (${type})`;
