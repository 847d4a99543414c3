const BITS = 5;
const FAN_OUT = 1 << BITS;
const LEAF = 16;
const DEEPEST = 30;

type Entry<V> = readonly [key: string, value: V];
type Leaf<V> = { readonly entries: readonly Entry<V>[] };
type Branch<V> = { readonly children: readonly (Node<V> | undefined)[] };
type Node<V> = Leaf<V> | Branch<V>;
type Change<V> = readonly [key: string, before: V | undefined, after: V | undefined];

/**
 * An immutable map: putting a value makes another one, which shares all but a few nodes with it. Putting
 * and getting cost the same however much there is, and two maps are compared by what they do not share.
 */
export class PersistentMap<V> {
  private constructor(
    private readonly root: Node<V>,
    readonly size: number,
  ) {}

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>({ entries: [] }, 0);
  }

  get(key: string): V | undefined {
    let node = this.root;
    for (let shift = 0, hash = hashOf(key); 'children' in node; shift += BITS) {
      const child: Node<V> | undefined = node.children[(hash >>> shift) & (FAN_OUT - 1)];
      if (!child) return undefined;
      node = child;
    }
    return valueIn(node.entries, key);
  }

  /** Puts a value; undefined takes the key out. */
  set(key: string, value: V | undefined): PersistentMap<V> {
    const before = this.get(key);
    if (before === value) return this;
    const size = this.size + (value === undefined ? -1 : before === undefined ? 1 : 0);
    return new PersistentMap(put(this.root, 0, hashOf(key), key, value), size);
  }

  *entries(): Generator<Entry<V>> {
    yield* entriesOf(this.root);
  }

  /** The keys whose values differ from an earlier map, with both. */
  changesSince(earlier: PersistentMap<V>): readonly Change<V>[] {
    const changes: Change<V>[] = [];
    addChanges(earlier.root, this.root, changes);
    return changes;
  }
}

function put<V>(node: Node<V>, shift: number, hash: number, key: string, value: V | undefined): Node<V> {
  if ('children' in node) {
    const at = (hash >>> shift) & (FAN_OUT - 1);
    const children = [...node.children];
    children[at] = put(children[at] ?? { entries: [] }, shift + BITS, hash, key, value);
    return { children };
  }
  const others = node.entries.filter(([each]) => each !== key);
  const entries: readonly Entry<V>[] = value === undefined ? others : [...others, [key, value]];
  if (entries.length <= LEAF || shift >= DEEPEST) return { entries };
  const empty: Node<V> = { children: new Array<Node<V> | undefined>(FAN_OUT).fill(undefined) };
  return entries.reduce<Node<V>>((branch, [each, of]) => put(branch, shift, hashOf(each), each, of), empty);
}

function* entriesOf<V>(node: Node<V>): Iterable<Entry<V>> {
  if ('entries' in node) yield* node.entries;
  else for (const child of node.children) if (child) yield* entriesOf(child);
}

function addChanges<V>(before: Node<V> | undefined, after: Node<V> | undefined, to: Change<V>[]): void {
  if (before === after) return;
  if (before && after && 'children' in before && 'children' in after) {
    for (let at = 0; at < FAN_OUT; at++) addChanges(before.children[at], after.children[at], to);
    return;
  }
  const old = listed(before);
  const now = listed(after);
  const [oldOf, nowOf] = [lookupIn(old), lookupIn(now)];
  for (const entry of now) {
    const was = oldOf(entry[0]);
    if (was !== entry[1]) to.push([entry[0], was, entry[1]]);
  }
  for (const [key, value] of old) if (nowOf(key) === undefined) to.push([key, value, undefined]);
}

const listed = <V>(node: Node<V> | undefined): readonly Entry<V>[] => {
  if (!node) return [];
  return 'entries' in node ? node.entries : [...entriesOf(node)];
};

const valueIn = <V>(entries: readonly Entry<V>[], key: string): V | undefined =>
  entries.find(([each]) => each === key)?.[1];

/** What finds an entry's value; nearly always it is a leaf's, for which a map is not worth making. */
function lookupIn<V>(entries: readonly Entry<V>[]): (key: string) => V | undefined {
  if (entries.length <= LEAF) return (key) => valueIn(entries, key);
  const all = new Map(entries);
  return (key) => all.get(key);
}

/** FNV-1a, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
