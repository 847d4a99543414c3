import { z } from 'zod';

const kept = z.looseObject({ slots: z.record(z.string(), z.number().int().min(1).max(1024)) });

/** What is kept of an account beside the way to it: how many slots each lock has, by the lock's id. */
export function keptCounts(text: string | undefined): Map<string, number> {
  if (text === undefined) return new Map();
  try {
    const read = kept.safeParse(JSON.parse(text));
    return new Map(Object.entries(read.data?.slots ?? {}));
  } catch {
    return new Map();
  }
}

export function keptText(counts: ReadonlyMap<string, number>): string {
  return JSON.stringify({ slots: Object.fromEntries(counts) });
}
