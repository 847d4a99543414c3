import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import Database from 'libsql';
import Fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/**
 * What bounds the API from above: Fastify alone, with one SQL statement and the same JSON for a read, and two appends
 * of the same events for a write. A child process of the benchmark; it is given the documents to answer with.
 */
interface Given {
  readonly folder: string;
  readonly eventStore: string;
  readonly codes: readonly { readonly access_code_id: string }[];
  readonly devices: readonly { readonly device_id: string }[];
  /** The events that one create appends: to the keypad's stream, and to the code's. */
  readonly appended: readonly [AppendedEvents, AppendedEvents];
}

type AppendedEvents = readonly {
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
}[];

async function serve({ folder, eventStore, codes, devices, appended }: Given): Promise<void> {
  const db = new Database(join(folder, 'bare.db'));
  db.pragma('journal_mode = WAL');
  for (const table of ['codes', 'devices'])
    db.exec(`CREATE TABLE ${table} (n INTEGER PRIMARY KEY, id TEXT UNIQUE, document TEXT)`);
  const fill = (table: string, documents: readonly (readonly [string, object])[]) => {
    const insert = db.prepare(`INSERT INTO ${table} (id, document) VALUES (?, ?)`);
    for (const [id, document] of documents) insert.run([id, JSON.stringify(document)]);
  };
  fill(
    'codes',
    codes.map((code) => [code.access_code_id, code]),
  );
  fill(
    'devices',
    devices.map((device) => [device.device_id, device]),
  );
  const one = db.prepare('SELECT document FROM codes WHERE id = ?');
  const page = db.prepare('SELECT document FROM codes ORDER BY n LIMIT 50');
  const all = db.prepare('SELECT document FROM devices ORDER BY n');
  const parsed = (rows: unknown[]) =>
    (rows as { document: string }[]).map(({ document }) => JSON.parse(document) as object);
  const pagination = { has_next_page: false, next_page_cursor: null, next_page_url: null };

  const client = EventStoreDBClient.connectionString(eventStore);
  const events = (of: AppendedEvents) => of.map((event) => jsonEvent({ ...event, id: randomUUID() }));
  const app = Fastify();
  app.post<{ Body: { access_code_id: string } }>('/access_codes/get', (request) => ({
    access_code: parsed([one.get([request.body.access_code_id])])[0],
    ok: true,
  }));
  app.post('/access_codes/list', () => ({ access_codes: parsed(page.all([])), pagination, ok: true }));
  app.post('/devices/list', () => ({ devices: parsed(all.all([])), pagination, ok: true }));
  app.post('/access_codes/create', async () => {
    const id = randomUUID();
    const options = { expectedRevision: NO_STREAM } as const;
    await client.appendToStream(`keypad-${id}`, events(appended[0]), options);
    await client.appendToStream(`accessCode-${id}`, events(appended[1]), options);
    return { access_code: codes[0], ok: true };
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  process.send!({ url, apiKey: 'none' });
}

process.once('disconnect', () => process.exit());
process.once('message', (given) => void serve(given as Given));
