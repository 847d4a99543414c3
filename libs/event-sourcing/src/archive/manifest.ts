import { z } from 'zod';
import { EventCodec, type Happened } from '../codec';
import type { Fold } from '../decider';
import { type ArchivedFile, archivedFile } from './file-format';

/** The stream `archive-files`: which files the archive is made of. What is not listed there is not part of it. */
export const ARCHIVE = 'archive';
export const FILES = 'files';
export const ARCHIVE_PREFIX = `${ARCHIVE}-`;

const shapes = {
  /** A file is durable. Until it is told that its facts were truncated they are in their streams as well. */
  FactsArchived: { schema: z.object({ file: archivedFile }) },
  /** The facts of a file were hidden in their streams. */
  FactsTruncated: { schema: z.object({ name: z.string() }) },
  /** A file took the place of others: it has all of their facts. */
  FilesReplaced: { schema: z.object({ file: archivedFile, replaced: z.array(z.string()) }) },
  /** All streams that came to their end by then were looked at, in the order of their ends. */
  ArchivedUpTo: { schema: z.object({ finishedAt: z.number(), stream: z.string() }) },
  /** The event store has erased from its disk what had been hidden by then. */
  SpaceReclaimed: { schema: z.object({}) },
};

export type ArchiveEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const archiveCodec = new EventCodec<ArchiveEvent>(shapes);

/** How far streams were looked at, in the order of their ends. */
export interface ArchivedUpTo {
  /** ms */
  readonly finishedAt: number;
  readonly stream: string;
}

export interface Manifest {
  readonly files: readonly ArchivedFile[];
  /** Those of them whose facts may still be in their streams as well. */
  readonly untruncated: readonly string[];
  /** Facts that were hidden since the store last reclaimed their space, and when the first of them was, ms. */
  readonly hidden: { readonly facts: number; readonly since: number } | null;
  readonly archivedUpTo: ArchivedUpTo | null;
}

export const manifestFold: Fold<Manifest, ArchiveEvent> = {
  initial: { files: [], untruncated: [], hidden: null, archivedUpTo: null },
  evolve(manifest, event) {
    switch (event.type) {
      case 'FactsArchived': {
        const { file } = event.data;
        return {
          ...manifest,
          files: [...manifest.files, file],
          untruncated: [...manifest.untruncated, file.name],
        };
      }
      case 'FactsTruncated':
        return truncated(manifest, event);
      case 'FilesReplaced': {
        const { file, replaced } = event.data;
        const left = manifest.files.filter(({ name }) => !replaced.includes(name));
        return { ...manifest, files: [...left, file] };
      }
      case 'ArchivedUpTo':
        return { ...manifest, archivedUpTo: event.data };
      case 'SpaceReclaimed':
        return { ...manifest, hidden: null };
      default: {
        const never: never = event;
        return never;
      }
    }
  },
};

function truncated(
  manifest: Manifest,
  { data, at }: Happened<Extract<ArchiveEvent, { type: 'FactsTruncated' }>>,
): Manifest {
  const { files, untruncated, hidden } = manifest;
  const facts = files.find(({ name }) => name === data.name)?.facts ?? 0;
  return {
    ...manifest,
    untruncated: untruncated.filter((name) => name !== data.name),
    hidden: { facts: (hidden?.facts ?? 0) + facts, since: hidden?.since ?? at },
  };
}
