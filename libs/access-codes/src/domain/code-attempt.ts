export type CodeAction = 'CREATE_ACCESS_CODE' | 'UPDATE_ACCESS_CODE' | 'DELETE_ACCESS_CODE';

/**
 * An attempt's id is the code's with some bits flipped, different ones for each action: so the id alone shows what it
 * is about, and nothing need be stored. Ids are practically random, so two are never equal.
 */
const TURNED: Readonly<Record<CodeAction, number>> = {
  CREATE_ACCESS_CODE: 0x5c3a96e1,
  UPDATE_ACCESS_CODE: 0x2f81d4b7,
  DELETE_ACCESS_CODE: 0x9b64073d,
};

export const CODE_ACTIONS = Object.keys(TURNED) as readonly CodeAction[];

/** The id of the attempt to do that to a code; and of the code, where the id is the attempt's. */
export function turned(id: string, action: CodeAction): string {
  const head = (parseInt(id.slice(0, 8), 16) ^ TURNED[action]) >>> 0;
  return head.toString(16).padStart(8, '0') + id.slice(8);
}
