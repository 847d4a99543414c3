import { setTimeout as delay } from 'node:timers/promises';
import { type Config, IDS, StartupError, within } from '@latchkey/platform';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, type ServerParts } from './app.module';
import { closeUnused, configureHttp, httpAdapter, Serving } from './http';
import { measureRequests } from './metrics/measure-requests';
import { traceCommands, traceRequests } from './tracing/trace-requests';
import type { Parts } from './start/core';
import type { Started } from './started';

/** How often connections that have fallen idle are closed while the server stops, ms. */
const SWEEP_MS = 50;

/** The API, ready to listen. */
export async function makeEdge(
  parts: ServerParts,
  { metrics, tracing }: Pick<Parts, 'metrics' | 'tracing'>,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(parts),
    httpAdapter(parts.tokens[IDS]),
    {
      logger: ['fatal'],
      abortOnError: false,
    },
  );
  configureHttp(app);
  const fastify = app.getHttpAdapter().getInstance();
  if (metrics) measureRequests(fastify, metrics);
  if (tracing) traceRequests(fastify, tracing.tracing);
  if (tracing) traceCommands(app.get(CommandBus), tracing.tracing);
  await app.init();
  return app;
}

/**
 * @returns the port
 * @throws {StartupError} when it can't listen there
 */
export async function listen(
  app: NestFastifyApplication,
  { host, port }: Config,
  started: Started,
): Promise<number> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartupError(`PORT ${port} on ${host} is taken.`);
    if (code === 'EACCES') throw new StartupError(`PORT ${port} on ${host} may not be used.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartupError(`HOST ${host} is not an address of this machine.`);
    throw error;
  }
  started.add(() => closeApp(app));
  return (app.getHttpServer().address() as { port: number }).port;
}

/** How long requests that are under way have to be answered when the server stops, ms. */
const ANSWERED_WITHIN_MS = 7_500;

/** How long connections stay open after the stop, for what is on its way, ms. */
const READ_WITHIN_MS = 250;

/** Takes no more requests, answers those under way, and then ends. May be called again. */
export async function stopServing(app: NestFastifyApplication): Promise<void> {
  app.get(Serving).stop();
  // What was sent before the stop may lie unread on connections that look idle: it is answered, too, with a 503.
  await delay(READ_WITHIN_MS);
  await within(closeApp(app), ANSWERED_WITHIN_MS, () => new Error('late')).catch(() => undefined);
}

const closing = new WeakMap<NestFastifyApplication, Promise<void>>();

function closeApp(app: NestFastifyApplication): Promise<void> {
  const known = closing.get(app);
  if (known) return known;
  const server = app.getHttpServer();
  // Connections that are in use when closing begins are closed as they fall idle, and not a minute later.
  const sweep = setInterval(() => closeUnused(server), SWEEP_MS);
  const closed = app.close().finally(() => clearInterval(sweep));
  closing.set(app, closed);
  return closed;
}
