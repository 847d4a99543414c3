import { z } from 'zod';

/**
 * An archive file: a header of so many bytes, JSON filled up with blanks; then blocks, each of them gzip of facts as
 * lines, in the order of their positions; then where the blocks are (gzip of JSON); then the index of streams.
 * `tail -c +1025 FILE | zcat` shows the facts.
 */
export const HEADER_BYTES = 1024;

const position = z.string().regex(/^\d+\/\d+$/);

/** What the archive's own stream says of a file, and the file's header says again. */
export const archivedFile = z.object({
  name: z.string().regex(/^[\w-]+\.facts$/),
  facts: z.int().positive(),
  /** The positions of its first and last fact. */
  first: position,
  last: position,
  bytes: z.int().positive(),
  /** What its streams are called before their dash. */
  categories: z.array(z.string()),
  /** Of all that follows the header, hexadecimal. */
  sha256: z.string(),
});

export type ArchivedFile = z.infer<typeof archivedFile>;

const place = z.object({ at: z.int().positive(), bytes: z.int().nonnegative() });

export const fileHeader = archivedFile.extend({
  latchkey_archive: z.literal(1),
  blocks: place,
  index: place,
});

export type FileHeader = z.infer<typeof fileHeader>;

/** A block: where it is in the file, how many facts it has, and the positions of its first and last. */
export const blockTable = z.array(
  z.tuple([z.int(), z.int(), z.int(), position, position]).transform(([at, bytes, facts, first, last]) => ({
    ...{ at, bytes, facts, first, last },
  })),
);

export type Block = z.infer<typeof blockTable>[number];
