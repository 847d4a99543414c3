import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Config, StartupError } from '@latchkey/platform';
import type { Started } from '../started';
import type { Metrics } from './metrics';

/**
 * Answers `GET /metrics` on a port of its own, without a key: it is for the monitoring beside the server, and listens on
 * loopback unless METRICS_HOST says otherwise.
 * @returns the port
 * @throws {StartupError} when it can't listen there
 */
export async function serveMetrics(
  { registry }: Metrics,
  { metricsHost, metricsPort }: Pick<Config, 'metricsHost' | 'metricsPort'>,
  started: Started,
): Promise<number> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  server.headersTimeout = 10_000;
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `can't be used (${error.code ?? error.message})`;
      reject(new StartupError(`METRICS_PORT ${metricsPort} on ${metricsHost} ${why}.`));
    });
    server.listen(metricsPort, metricsHost, resolve);
  });
  started.add(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
