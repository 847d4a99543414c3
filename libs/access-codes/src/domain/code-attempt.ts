export type CodeAction = 'CREATE_ACCESS_CODE' | 'UPDATE_ACCESS_CODE' | 'DELETE_ACCESS_CODE';

/**
 * An attempt's id is the code's with some bits flipped, different ones for each action: so the id alone shows what it
 * is about, and nothing need be stored. The bits are practically random, so two ids are never equal.
 */
const TURNED: Readonly<Record<CodeAction, number>> = {
  CREATE_ACCESS_CODE: 0x5c3a96e1,
  UPDATE_ACCESS_CODE: 0x2f81d4b7,
  DELETE_ACCESS_CODE: 0x9b64073d,
};

const DIGITS = 8;

export const CODE_ACTIONS = Object.keys(TURNED) as readonly CodeAction[];

/** The id of the attempt to do that to a code; and of the code, where the id is the attempt's. */
export function turned(id: string, action: CodeAction): string {
  const at = beginsWithTime(id) ? id.length - DIGITS : 0;
  const bits = (parseInt(id.slice(at, at + DIGITS), 16) ^ TURNED[action]) >>> 0;
  return id.slice(0, at) + bits.toString(16).padStart(DIGITS, '0') + id.slice(at + DIGITS);
}

/** UUIDs of version 7, and those derived from them: then attempts' begin with it too, and go to the end of an index. */
const beginsWithTime = (id: string): boolean => id[14] === '7' || id[14] === '8';
