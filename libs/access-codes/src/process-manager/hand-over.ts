import { type Cause, laterPosition, type Position } from '@latchkey/event-sourcing';
import { handedOver, pulled } from '../domain/backup';
import { remove } from '../domain/decisions';
import type { Streams } from '../streams';
import { endOf, isGone, isUnmanaged, pulledBackupOf } from '../domain/life';

/** Whether a backup code still stands in for its code: it is neither gone nor unmanaged. */
export async function stands({ codes }: Pick<Streams, 'codes'>, codeId: string): Promise<boolean> {
  const { state } = await codes.load(codeId);
  return state !== null && !isGone(state) && !isUnmanaged(state);
}

/**
 * Records a backup code with the code that it was assigned to. Where that code has another one, since two were pulled
 * at once, this one is removed. May be repeated, also by another process, after a crash.
 * @returns the id of the backup code that stands in for it
 */
export async function handOver(
  streams: Pick<Streams, 'codes'>,
  { backupCodeId, toCodeId }: { readonly backupCodeId: string; readonly toCodeId: string },
  cause: Cause,
): Promise<{ backupCodeId: string; position: Position | undefined }> {
  const { codes } = streams;
  const to = (await codes.load(toCodeId)).state;
  const before = to ? pulledBackupOf(to)?.codeId : undefined;
  const gone = before !== undefined && !(await stands(streams, before)) ? before : undefined;
  const told = await codes.transact(toCodeId, cause, (code) => pulled(code, backupCodeId, gone));
  const chosen = (told.state && pulledBackupOf(told.state)?.codeId) ?? backupCodeId;
  const handed = await codes.transact(backupCodeId, cause, (backup) => {
    const told = handedOver(backup);
    const needless = backup && told.length > 0 && chosen !== backupCodeId && !endOf(backup);
    return [...told, ...(needless ? remove(backup) : [])];
  });
  return { backupCodeId: chosen, position: laterPosition(told.position, handed.position) };
}
