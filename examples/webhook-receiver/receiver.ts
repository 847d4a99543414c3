import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const { WEBHOOK_SECRET = '', PORT = '8081' } = process.env;

const webhook = new Webhook(WEBHOOK_SECRET);
/** Messages that were dealt with: the same one may come again. In a program of your own, keep them in its database. */
const dealtWith = new Set<string>();

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const id = String(request.headers['svix-id']);
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(request.headers['svix-timestamp']),
      'webhook-signature': String(request.headers['svix-signature']),
    };
    let event: { event_id: string; event_type: string };
    try {
      // The bytes as they came: JSON that was parsed and written again may have another signature.
      event = webhook.verify(Buffer.concat(pieces).toString('utf8'), headers) as typeof event;
    } catch {
      response.writeHead(400).end('The signature is not right.');
      return;
    }
    if (!dealtWith.has(id)) {
      dealtWith.add(id);
      console.log(JSON.stringify({ event_id: event.event_id, event_type: event.event_type }));
    }
    response.writeHead(204).end();
  });
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://localhost:${PORT}`));
process.once('SIGTERM', () => process.exit(0));
