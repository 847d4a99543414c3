import type { Database } from '@latchkey/database';
import { type Projection, ProjectionRunner, type ProjectionRunnerOptions } from '@latchkey/event-sourcing';
import type { Logger } from '@latchkey/platform';

/** Folds one of the server's views, and says in the log what becomes of it. */
export function viewRunner(
  projection: Projection,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  database: Database<any>,
  options: Omit<ProjectionRunnerOptions, 'projection' | 'database'> & { readonly logger: Logger },
): ProjectionRunner {
  const { logger, ...rest } = options;
  return new ProjectionRunner({
    ...rest,
    projection,
    database,
    onParked: (name, event, reason) =>
      logger.error({ projection: name, eventId: event.id, type: event.type, reason }, 'an event was parked'),
    onError: (name, error) =>
      logger.warn({ projection: name, err: error }, 'a view is held up, and tries again'),
    onRecovered: (name) => logger.info({ projection: name }, 'a view goes on'),
  });
}
