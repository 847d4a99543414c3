import { hash as hashOf } from 'node:crypto';
import {
  commitment,
  type EventMetadata,
  leavingOut,
  putOwn,
  type RecordedEvent,
  replacingPersonal,
} from '@latchkey/event-sourcing';
import { OF_PINS } from '../domain/entry';

/**
 * A hash chain over the facts of a workspace, in the order of the event store. Each link covers a fact as it is stored
 * and all facts before it, so that none can be changed, left out, added or moved without every later link changing.
 * What a fact with a salt carries of a person is covered by salted commitments in its place, so that it can be erased,
 * with the salt, and the chain stays as it is. Facts of earlier versions have no salt, and are covered as they are.
 */

/** A fact as it is shown to those who check the chain. What is sealed of PINs is not shown, but covered by a hash. */
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

/** How far a chain has come: the number of its facts, and the hash of the last one. */
export interface Link {
  readonly length: number;
  readonly hash: string;
}

const sha256 = (text: string): string => hashOf('sha256', text, 'hex');

/** Most facts have nothing of PINs. */
const NOTHING_SEALED = sha256('[]');

/** The chain before its first fact. */
export const beginning = (workspaceId: string): Link => ({
  length: 0,
  hash: sha256(`latchkey chain/1\n${workspaceId}`),
});

/** What is shown of a fact. The mark by which the server knows its own events is made with a secret, and left out. */
export function shownFact({ stream, revision, id, type, data, metadata }: RecordedEvent): ShownFact {
  const sealed: [path: string, value: unknown][] = [];
  const shown = withoutPins(data, '', sealed);
  const rest = leavingOut(metadata, MARK);
  const hash = sealed.length === 0 ? NOTHING_SEALED : sha256(JSON.stringify(sealed));
  return { stream, revision, id, type, data: shown, metadata: rest, sealed: hash };
}

/** The chain extended by one fact. */
export function linked({ length, hash }: Link, fact: ShownFact): Link {
  const { relinked } = (fact.metadata ?? {}) as Partial<EventMetadata>;
  // Its signature shows whether it can be trusted.
  if (relinked?.before === hash) return { length: length + 1, hash: relinked.after };
  return { length: length + 1, hash: sha256(`${hash}\n${JSON.stringify(coveredOf(fact))}`) };
}

/** What a link covers of its fact. */
function coveredOf({ stream, revision, id, type, data, metadata, sealed }: ShownFact): unknown[] {
  const { salt, erased } = (metadata ?? {}) as Partial<EventMetadata>;
  if (salt === undefined && erased === undefined) return [stream, revision, id, type, data, metadata, sealed];
  // The number keeps the two ways apart: nothing can be passed off as covered the other way.
  const rest = leavingOut(metadata as object, OF_ERASING);
  return [2, stream, revision, id, type, committed(data, salt, erased), rest, sealed];
}

const MARK: ReadonlySet<string> = new Set<keyof EventMetadata>(['mark']);
const OF_ERASING: ReadonlySet<string> = new Set<keyof EventMetadata>(['salt', 'erased']);

/** A fact's data with commitments in place of what is, or was, personal. */
function committed(data: unknown, salt = '', erased: EventMetadata['erased']): unknown {
  const restored = erased ? restoring(data, erased) : data;
  return replacingPersonal(restored, (path, value) =>
    value instanceof Erased ? value.commitment : commitment(salt, path, value),
  );
}

/** Replaces the null of an erased value. */
class Erased {
  constructor(readonly commitment: string) {}
}

function restoring(value: unknown, erased: Readonly<Record<string, string>>, path = ''): unknown {
  if (value === null && Object.hasOwn(erased, path)) return new Erased(erased[path]!);
  if (Array.isArray(value)) return value.map((each, n) => restoring(each, erased, `${path}/${n}`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, restoring(inner, erased, `${path}/${name}`)]),
  );
}

/** The value without anything of PINs, which is added to `sealed`; the value itself where there is nothing of them. */
function withoutPins(value: unknown, path: string, sealed: [string, unknown][]): unknown {
  if (!holdsPins(value)) return value;
  if (Array.isArray(value)) return value.map((each, n) => withoutPins(each, `${path}/${n}`, sealed));
  const shown: Record<string, unknown> = {};
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    if (OF_PINS.has(name)) sealed.push([`${path}/${name}`, inner]);
    else putOwn(shown, name, withoutPins(inner, `${path}/${name}`, sealed));
  }
  return shown;
}

function holdsPins(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsPins);
  for (const name in value) {
    if (OF_PINS.has(name) || holdsPins((value as Record<string, unknown>)[name])) return true;
  }
  return false;
}
