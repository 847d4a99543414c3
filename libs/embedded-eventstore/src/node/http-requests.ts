import { type RequestListener } from 'node:http';

/** What a real server answers to a ping, which clients use to see that the HTTP side is there. */
const PONG = JSON.stringify({
  text: 'Ping request successfully handled',
  msgTypeId: 123,
  label: 'Http',
});

/** Answers plain HTTP/1.1: the health of the node, and a ping. Everything else is gRPC. */
export function httpRequests(isReady: () => boolean): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/health/live' && path !== '/ping') return void response.writeHead(404).end();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    if (path === '/ping') {
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(PONG);
    }
    response.writeHead(isReady() ? 204 : 503).end();
  };
}
