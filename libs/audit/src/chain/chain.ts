import { createHash } from 'node:crypto';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import { OF_PINS } from '../domain/entry';

/**
 * A hash chain over the facts of a workspace, in the order of the event store. Each link covers a fact as it is stored
 * and all facts before it, so that none can be changed, left out, added or moved without every later link changing.
 */

/** A fact as it is shown to whoever checks the chain. What is sealed of PINs is not shown, but covered by a hash. */
export interface ShownFact {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
  /** Of what is sealed of PINs, hexadecimal. */
  readonly sealed: string;
}

/** Where a chain has come to: so many facts, and the hash of the last one. */
export interface Link {
  readonly length: number;
  readonly hash: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** The chain before its first fact. */
export const beginning = (workspaceId: string): Link => ({
  length: 0,
  hash: sha256(`latchkey chain/1\n${workspaceId}`),
});

/** What is shown of a fact. The mark by which the server knows its own events is made with a secret, and left out. */
export function shownFact({ stream, revision, id, type, data, metadata }: RecordedEvent): ShownFact {
  const sealed: [path: string, value: unknown][] = [];
  const shown = withoutPins(data, '', sealed);
  const { mark: _, ...rest } = metadata;
  return { stream, revision, id, type, data: shown, metadata: rest, sealed: sha256(JSON.stringify(sealed)) };
}

/** The chain with one fact more. */
export function linked({ length, hash }: Link, fact: ShownFact): Link {
  const { stream, revision, id, type, data, metadata, sealed } = fact;
  const text = JSON.stringify([stream, revision, id, type, data, metadata, sealed]);
  return { length: length + 1, hash: sha256(`${hash}\n${text}`) };
}

function withoutPins(value: unknown, path: string, sealed: [string, unknown][]): unknown {
  if (Array.isArray(value)) return value.map((each, n) => withoutPins(each, `${path}/${n}`, sealed));
  if (typeof value !== 'object' || value === null) return value;
  const shown: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(value)) {
    if (OF_PINS.has(name)) sealed.push([`${path}/${name}`, inner]);
    else shown.push([name, withoutPins(inner, `${path}/${name}`, sealed)]);
  }
  return Object.fromEntries(shown);
}
