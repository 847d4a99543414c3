import type { LockCapabilities } from './lock-gateway';

/** How a name is put to a lock. */
export interface NameStyle {
  /** In letters, digits and spaces alone, and short: for a lock that took the name for something it can't hold. */
  readonly plain?: boolean;
  /** With something that no other code has: for a lock on which another code has the name. */
  readonly distinct?: boolean;
  /** What other codes on the lock are called there: on a lock that wants names to differ, none of it is told. */
  readonly others?: readonly string[];
}

/** As long as this a name fits any lock that we know of. */
const PLAIN_LENGTH = 12;
const TAG_LENGTH = 6;

/** Whether no two codes on a lock may have one name. */
export function wantsUniqueNames({ codeConstraints }: Pick<LockCapabilities, 'codeConstraints'>): boolean {
  return codeConstraints.some(({ constraintType }) => constraintType === 'name_must_be_unique');
}

/**
 * The name that a lock is told for a code: whole where the lock's rules let it be, else cut or altered to fit. How a
 * lock counts is not known, so that what it is told fits in bytes as well as in characters. Null: no name.
 * @param codeId makes what is added to a name the same each time
 */
export function nameForLock(
  lock: Pick<LockCapabilities, 'codeConstraints'>,
  { name, codeId }: { readonly name: string | null; readonly codeId: string },
  { plain = false, distinct = false, others = [] }: NameStyle = {},
): string | null {
  const { shortest, longest: told } = lengthsOf(lock);
  const longest = plain ? Math.min(told, Math.max(PLAIN_LENGTH, shortest)) : told;
  const unique = wantsUniqueNames(lock);
  const base = name === null ? '' : plain ? inPlainLetters(name) : withoutControls(name);
  if (base === '' && !(shortest > 0 || unique || distinct || plain)) return name === null ? null : base;

  const names: string[] = [];
  if (base !== '' && !distinct) {
    const fitting = cut(base, longest);
    if (characters(fitting) >= shortest) names.push(fitting);
  }
  for (const tag of tagsOf(codeId)) names.push(padded(tagged(base, tag, longest), shortest));
  const taken = new Set(unique ? others.map(alike) : []);
  return names.find((each) => !taken.has(alike(each))) ?? names.at(-1)!;
}

function lengthsOf({ codeConstraints }: Pick<LockCapabilities, 'codeConstraints'>) {
  const lengths = codeConstraints.filter(({ constraintType }) => constraintType === 'name_length');
  return {
    shortest: Math.max(0, ...lengths.map(({ minLength = 0 }) => minLength)),
    longest: Math.min(...lengths.map(({ maxLength = Infinity }) => maxLength)),
  };
}

function tagged(base: string, tag: string, longest: number): string {
  const kept = base === '' ? 'Code' : cut(base, longest - TAG_LENGTH - 1);
  return cut(kept === '' ? tag : `${kept} ${tag}`, longest);
}

/** Locks may not tell capitals from others, nor letters with accents from those without. */
const alike = (name: string): string => withoutAccents(name).toUpperCase().trim();

/** Whether there is nothing left to make plainer about a name. */
export function isPlainName(name: string | null): boolean {
  return name !== null && name !== '' && name.length <= PLAIN_LENGTH && /^[A-Za-z0-9 ]+$/.test(name);
}

/**
 * Whether a name that was read back can be what a lock has made of the one that it was told: cut, without accents, in
 * capitals, with other signs left out or replaced; or none, on a lock that keeps no names.
 */
export function isNameOf(told: string | null, read: string | null): boolean {
  if ((told ?? '') === (read ?? '') || !read) return true;
  if (!told) return false;
  const forms = [withoutAccents(told), told].map(bare);
  const there = [withoutAccents(read), read].map(bare);
  return forms.some((form) => there.some((other) => other !== '' && form.startsWith(other)));
}

const bare = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

const withoutAccents = (name: string): string => name.normalize('NFKD').replace(/\p{M}/gu, '');

const inPlainLetters = (name: string): string =>
  withoutAccents(name)
    .replace(/[^A-Za-z0-9]+/g, ' ')
    .trim();

/** Lone surrogates and control characters mean nothing to a reader, and some locks choke on them. */
const withoutControls = (name: string): string => name.replace(/[\p{Cc}\p{Cs}]/gu, '');

/** What tells a code from others, the first best. */
function tagsOf(codeId: string): string[] {
  const signs = codeId.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
  const tags = [signs.slice(-TAG_LENGTH)];
  for (let end = signs.length - TAG_LENGTH; end >= TAG_LENGTH; end -= TAG_LENGTH)
    tags.push(signs.slice(end - TAG_LENGTH, end));
  return tags;
}

const characters = (text: string): number => [...text].length;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As much of a text as fits into so many bytes, between two characters as people see them. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (Buffer.byteLength(kept + segment) > bytes) break;
    kept += segment;
  }
  return kept.trimEnd();
}

function padded(text: string, shortest: number): string {
  return text + '0'.repeat(Math.max(0, shortest - characters(text)));
}
