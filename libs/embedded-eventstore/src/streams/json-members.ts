/** A member of an object, as it stands in the JSON text. */
export interface JsonMember {
  readonly key: string;
  /** Its value's text, from `start` to `end` of the whole. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The members of the object that a JSON text is. JSON.parse rounds numbers beyond 2^53, and does not tell 5.0 from 5;
 * here they stand as they were written.
 * @param text is known to be valid JSON
 * @returns nothing when it is no object
 */
export function jsonMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = text.indexOf('{') + 1;
  if (text.trimStart()[0] !== '{') return members;
  for (;;) {
    at = skip(text, at, /[\s,]/);
    if (text[at] !== '"') return members;
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skip(text, skip(text, keyEnd, /\s/) + 1, /\s/);
    const end = endOfValue(text, start);
    members.push({ key, value: text.slice(start, end), start, end });
    at = end;
  }
}

/** The text with the value of one member replaced, or with that member added; all else is as it was. */
export function withMember(text: string, key: string, value: string): string {
  const member = jsonMembers(text).findLast((each) => each.key === key);
  if (member) return text.slice(0, member.start) + value + text.slice(member.end);
  const end = text.lastIndexOf('}');
  const comma = jsonMembers(text).length > 0 ? ',' : '';
  return `${text.slice(0, end)}${comma}${JSON.stringify(key)}:${value}${text.slice(end)}`;
}

function skip(text: string, from: number, what: RegExp): number {
  let at = from;
  while (at < text.length && what.test(text[at]!)) at += 1;
  return at;
}

/** @param from at its opening quote */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(text: string, from: number): number {
  if (text[from] === '"') return endOfString(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"') {
      at = endOfString(text, at) - 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (depth === 0 && /[\s,}\]]/.test(character)) {
      return at;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
