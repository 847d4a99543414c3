import { type RequestListener } from 'node:http';

/** Answers plain HTTP/1.1: the health of the node. Everything else is gRPC. */
export function httpRequests(isReady: () => boolean): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/health/live') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    response.writeHead(isReady() ? 204 : 503).end();
  };
}
