import { ApiError, type Config, type Logger, MINUTE } from '@latchkey/platform';
import type { EventStore, ProjectionRunner } from '@latchkey/event-sourcing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Builders } from '../building/builders';
import { BuildingProgress } from '../building/building-progress';
import type { Core } from '../core/core';
import { Readiness, Serving } from '../http';

/** How often the log says how far the views are, ms. */
const TELL_EVERY_MS = 5_000;
/** When a client should try again while views are being built, s. */
const ASK_AGAIN_AT_MOST_S = 60;
/** An executor looks for work every quarter of a minute; one that has not for this long has stopped, ms. */
const LOOKS_WITHIN_MS = MINUTE;

export interface Startup {
  /** The views are about to be built: says how far they are to the caller, and in the log every few seconds. */
  building(): Promise<void>;
  /** The views stand: requests are served. */
  serve(): void;
  /** Everything has started. */
  ready(): void;
}

/** Refuses requests while the server starts, and adds to its readiness what it can't do without from then on. */
export function watchStartup(
  app: NestFastifyApplication,
  parts: {
    store: EventStore;
    core: Core;
    views: readonly ProjectionRunner[];
    builders: Pick<Builders, 'followed'>;
    config: Config;
    logger: Logger;
  },
): Startup {
  const { store, core, views, builders, config, logger } = parts;
  const readiness = app.get(Readiness);
  const serving = app.get(Serving);
  let progress: BuildingProgress | undefined;
  let telling: NodeJS.Timeout | undefined;
  let starting = true;
  const text = () => progress?.text ?? 'the server is starting';
  readiness.add('start', () => (starting ? fail(text()) : Promise.resolve()));
  readiness.add('event store', () => store.ping());
  const askAgain = () => Math.min(ASK_AGAIN_AT_MOST_S, Math.max(1, progress?.progress.secondsLeft ?? 2));
  serving.close(() => ApiError.unavailable(`Not ready yet: ${text()}.`, askAgain()));
  return {
    async building() {
      const followed = views.map((view) => builders.followed(view));
      progress = new BuildingProgress(followed, await store.ping());
      telling = setInterval(() => logger.info({ ...progress?.progress }, text()), TELL_EVERY_MS).unref();
    },
    serve() {
      clearInterval(telling);
      progress = undefined;
      for (const view of views) readiness.add(`view ${view.name}`, () => goesOn(view));
      serving.open();
    },
    ready() {
      starting = false;
      if (config.roles.includes('worker')) readiness.add('executor', () => works(core));
      readiness.watch();
    },
  };
}

const fail = (message: string): Promise<never> => Promise.reject(new Error(message));

/** @throws where the view does not go on */
function goesOn({ failure, trouble }: ProjectionRunner): Promise<void> {
  const reason = failure ?? trouble;
  if (reason === undefined) return Promise.resolve();
  return fail(reason instanceof Error ? reason.message : JSON.stringify(reason));
}

/** @throws where nobody looks for work any more */
function works({ executor }: Core): Promise<void> {
  const { running, lookedAgoMs } = executor.state;
  if (!running) return fail('it has stopped');
  if (lookedAgoMs < LOOKS_WITHIN_MS) return Promise.resolve();
  return fail(`it has not looked for work for ${Math.round(lookedAgoMs / 1000)} s`);
}
