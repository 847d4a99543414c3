import type { ProjectionRunner } from '@latchkey/event-sourcing';
import { iso, type Logger, StartupError } from '@latchkey/platform';

/** The event store was restored from an older backup, or is another one than the views were folded from. */
export interface RestoredStore {
  /** When the last of what it still has happened, ms. */
  readonly endsAt: number;
}

/**
 * Prepares views before anything is appended, and says in one line if the event store no longer has what they were
 * folded from.
 * @throws {StartupError} if it has nothing at all
 */
export async function prepareViews(
  runners: readonly ProjectionRunner[],
  logger: Logger,
): Promise<RestoredStore | undefined> {
  for (const runner of runners) await runner.prepare();
  const ahead = runners.filter(({ restored }) => restored);
  if (ahead.length === 0) return undefined;
  const names = ahead.map(({ name }) => name).join(', ');
  const ends = ahead.flatMap(({ restored }) => restored?.end ?? []);
  if (ends.length === 0) {
    throw new StartupError(
      `The event store is empty, but these were folded from one that was not: ${names}. Put its backup back; or, to ` +
        'begin with nothing, start with an empty DATA_DIR, and with DATABASE_URL an empty database.',
    );
  }
  const endsAt = Math.min(
    ...ends.map(({ metadata }) => Date.parse(metadata?.occurredAt ?? '') || Date.now()),
  );
  logger.warn(
    { views: ahead.map(({ name }) => name), endsAt: iso(endsAt) },
    `the event store was restored from an older backup: it ends at ${iso(endsAt)}, before what ${names} had folded; ` +
      'what happened later is lost, views are rebuilt, and webhooks go on from there',
  );
  return { endsAt };
}
