import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const { LATCHKEY = 'http://localhost:3000', API_KEY = '', PORT = '8080' } = process.env;

/** The browser listens here, so that the API key stays on the server. */
async function events(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const lastEventId = request.headers['last-event-id'];
  const answer = await fetch(`${LATCHKEY}/events/stream`, {
    headers: {
      authorization: `Bearer ${API_KEY}`,
      ...(typeof lastEventId === 'string' ? { 'last-event-id': lastEventId } : {}),
    },
    signal: gone.signal,
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
  response.flushHeaders();
  if (!answer.body) return void response.end();
  Readable.fromWeb(answer.body)
    .on('error', () => response.end())
    .pipe(response);
}

const server = createServer((request, response) => {
  if (request.url === '/events') {
    events(request, response).catch(() => response.destroy());
  } else if (request.url === '/') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    createReadStream(join(__dirname, 'index.html')).pipe(response);
  } else {
    response.writeHead(404).end();
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://localhost:${PORT}`));
process.once('SIGTERM', () => process.exit(0));
