import { type Config, StartupError } from '@latchkey/platform';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule, type ServerParts } from '../app.module';
import { configureHttp, httpAdapter, Readiness } from '../http';
import type { Started } from './started';

/** How often connections that have fallen idle are closed while the server stops, ms. */
const SWEEP_MS = 50;

/** The API, ready to listen. */
export async function makeEdge(parts: ServerParts): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), httpAdapter(), {
    logger: ['fatal'],
    abortOnError: false,
  });
  configureHttp(app);
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
      throw new StartupError(`HOST ${host} is no address of this machine.`);
    throw error;
  }
  started.add(() => closeApp(app));
  return (app.getHttpServer().address() as { port: number }).port;
}

/** Says that it is ready once `ready` was called. */
export function addReadiness(app: NestFastifyApplication, store: { ping(): Promise<unknown> }): () => void {
  const readiness = app.get(Readiness);
  let isReady = false;
  readiness.add('views', () =>
    isReady ? Promise.resolve() : Promise.reject(new Error('the views are being built')),
  );
  readiness.add('event store', () => store.ping());
  return () => (isReady = true);
}

/** Connections that are in use when closing begins are closed as they fall idle, and not a minute later. */
async function closeApp(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}
