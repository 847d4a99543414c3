import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores } from '@latchkey/database';
import { startNode } from '@latchkey/embedded-eventstore';
import { loadConfig, type Logger } from '@latchkey/platform';
import { openEventStore } from './event-store';
import { Started } from '../started';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-open-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an event store without TLS is warned of once, at the start', async () => {
  const node = await startNode({
    ...{ dataDir: join(folder, 'eventstore'), port: 0, access: 'insecure' },
    report: () => undefined,
  });
  const EVENTSTORE_URL = `esdb://127.0.0.1:${node.port}?tls=false`;
  const config = loadConfig({ DATA_DIR: folder, EVENTSTORE_URL });
  const stores = await openStores(config);
  const started = new Started();
  const lines: string[] = [];
  const logger = { warn: (line: unknown) => void lines.push(String(line)) } as unknown as Logger;
  try {
    await openEventStore(config, stores, started, logger);
    expect(lines).toEqual([
      expect.stringMatching(/^EVENTSTORE_URL is without TLS: .*read, write and delete/),
    ]);
  } finally {
    await started.endAll();
    await stores.close();
    await node.close();
  }
});

test('the embedded event store, which asks for TLS and a login, is not warned of', async () => {
  const config = loadConfig({ DATA_DIR: join(folder, 'own'), EVENTSTORE_PORT: '0' });
  const stores = await openStores(config);
  const started = new Started();
  const lines: unknown[] = [];
  const logger = { warn: (line: unknown) => void lines.push(line) } as unknown as Logger;
  try {
    await openEventStore(config, stores, started, logger);
    expect(lines).toEqual([]);
  } finally {
    await started.endAll();
    await stores.close();
  }
});
