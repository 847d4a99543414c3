/** A backup or its restoring can't be done; the message says why, and nothing is left half done. */
export class BackupRefused extends Error {}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  SQLITE_FULL: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file is larger than the system allows',
  EACCES: 'this account may not use it',
  EPERM: 'this account may not use it',
  EROFS: 'it can only be read',
  ENOENT: 'it is not there',
  ENOTDIR: 'it is no folder',
};

/** Refusals that are of the file that is written, where one is copied into another. */
const OF_WHAT_IS_WRITTEN = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS']);

/** What a file system refuses, in one line; anything else as it came. @param path what was being read or written */
export function meaningOf(error: unknown, path: string): unknown {
  const { code = '', path: read, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const named = OF_WHAT_IS_WRITTEN.has(code) ? (dest ?? read) : read;
  const meaning = MEANINGS[code] ?? (/^SQLITE_(IOERR|CANTOPEN|READONLY)/.test(code) ? code : undefined);
  return meaning === undefined ? error : new BackupRefused(`${named ?? path}: ${meaning}.`);
}
