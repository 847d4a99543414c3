import type { LockCapabilities } from './lock-gateway';

/** How a name is put to a lock. */
export interface NameStyle {
  /** In letters, digits and spaces alone, and short: for a lock that took the name for something it can't hold. */
  readonly plain?: boolean;
  /** With something that no other code has: for a lock on which another code has the name. */
  readonly distinct?: boolean;
}

/** As long as this a name fits any lock that we know of. */
const PLAIN_LENGTH = 12;
const TAG_LENGTH = 6;

/**
 * The name that a lock is told for a code: whole where the lock's rules let it be, else cut or altered to fit. How a
 * lock counts is not known, so that what it is told fits in bytes as well as in characters. Null: no name.
 * @param codeId makes what is added to a name the same each time
 */
export function nameForLock(
  { codeConstraints }: Pick<LockCapabilities, 'codeConstraints'>,
  { name, codeId }: { readonly name: string | null; readonly codeId: string },
  { plain = false, distinct = false }: NameStyle = {},
): string | null {
  const lengths = codeConstraints.filter(({ constraintType }) => constraintType === 'name_length');
  const shortest = Math.max(0, ...lengths.map(({ minLength = 0 }) => minLength));
  const told = Math.min(...lengths.map(({ maxLength = Infinity }) => maxLength));
  const longest = plain ? Math.min(told, Math.max(PLAIN_LENGTH, shortest)) : told;
  const unique = codeConstraints.some(({ constraintType }) => constraintType === 'name_must_be_unique');
  const tag = tagOf(codeId);
  const base = name === null ? '' : plain ? inPlainLetters(name) : withoutControls(name);

  if (base === '') {
    const needed = shortest > 0 || unique || distinct || plain;
    return needed ? padded(cut(`Code ${tag}`, longest), shortest) : name === null ? null : base;
  }
  if (!distinct) {
    const fitting = cut(base, longest);
    if (characters(fitting) >= shortest) return fitting;
  }
  const kept = cut(base, longest - TAG_LENGTH - 1);
  const tagged = kept === '' ? cut(tag, longest) : `${kept} ${tag}`;
  return padded(tagged, shortest);
}

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

const tagOf = (codeId: string): string =>
  codeId
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-TAG_LENGTH)
    .toUpperCase();

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
