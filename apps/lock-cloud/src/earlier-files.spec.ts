import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { CloudClient, TEN, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

/** The tables that had indexes, as they were then. */
const earlier = `
  DROP TABLE codes; DROP TABLE operations; DROP TABLE deliveries;
  CREATE TABLE codes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, access_code_id TEXT NOT NULL UNIQUE, lock_id TEXT NOT NULL,
    name TEXT NOT NULL, code TEXT NOT NULL, starts_at INTEGER, ends_at INTEGER, status TEXT NOT NULL,
    planned TEXT, planned_code TEXT, deleting INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX codes_by_pin ON codes (lock_id, code);
  CREATE INDEX codes_by_lock ON codes (lock_id, seq);
  CREATE INDEX codes_by_planned_pin ON codes (lock_id, planned_code) WHERE planned_code IS NOT NULL;
  CREATE TABLE one_time_codes (access_code_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, lock_id TEXT NOT NULL, kind TEXT NOT NULL,
    subject_id TEXT NOT NULL, payload TEXT NOT NULL, due_at INTEGER NOT NULL) STRICT;
  CREATE INDEX operations_by_due ON operations (due_at, seq);
  CREATE INDEX operations_by_lock ON operations (lock_id, due_at);
  CREATE INDEX operations_by_subject ON operations (subject_id, seq);
  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, body TEXT NOT NULL,
    created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX deliveries_by_due ON deliveries (webhook_id, due_at, seq);
  CREATE INDEX locks_by_account ON locks (account_id, seq);
  PRAGMA user_version = 1;
`;

it('a folder of an earlier version goes on with its codes, operations and webhooks', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-cloud-earlier-'));
  const subscriber = await Subscriber.start();
  const first = await CloudClient.start({ dataDir });
  const lock = await first.addLock({ one_time_codes: true });
  const { body } = await first.subscribe(subscriber.url);
  const token = first.accessToken;
  await first.close();

  const file = new Libsql(join(dataDir, 'lock-cloud.db'));
  file.exec(earlier);
  const planned = JSON.stringify({ name: 'Guest', code: '3333', starts_at: null, ends_at: null });
  const change = { kind: 'update', lock_id: lock, subject_id: 'changing', change: { code: '3333' } };
  const webhook = JSON.stringify({ event_type: 'access_code.created', access_code_id: 'staying' });
  file.exec(`
    INSERT INTO codes VALUES (3, 'staying', '${lock}', 'Guest', '1111', NULL, ${TEN + 60_000}, 'active', NULL, NULL, 0);
    INSERT INTO codes VALUES (5, 'changing', '${lock}', 'Guest', '2222', NULL, NULL, 'active', '${planned}', '3333', 0);
    INSERT INTO codes VALUES (7, 'once', '${lock}', 'Guest', '4444', NULL, NULL, 'active', NULL, NULL, 0);
    INSERT INTO one_time_codes VALUES ('once');
    INSERT INTO operations VALUES (2, '${lock}', 'update', 'changing', '${JSON.stringify(change)}', ${TEN + 5000});
    INSERT INTO deliveries VALUES (9, '${body.webhook_id}', '${webhook}', ${TEN}, ${TEN + 1000}, 0);
  `);
  file.close();

  const second = await CloudClient.start({ dataDir });
  second.useToken(token);
  expect(await second.codes(lock)).toMatchObject([
    { access_code_id: 'staying', code: '1111', ends_at: at(60_000), pending_update: false },
    { access_code_id: 'changing', code: '2222', pending_update: true },
    { access_code_id: 'once', code: '4444' },
  ]);
  await second.advance(5000);
  expect(await second.opens(lock, '3333')).toBe(true);
  expect([await second.opens(lock, '4444'), await second.opens(lock, '4444')]).toEqual([true, false]);
  await second.advance(6000);
  expect(subscriber.types.slice(0, 2)).toEqual(['access_code.created', 'access_code.updated']);
  await second.close();

  const third = await CloudClient.start({ dataDir });
  third.useToken(token);
  expect(await third.codes(lock)).toMatchObject([
    { access_code_id: 'staying' },
    { access_code_id: 'changing', code: '3333', pending_update: false },
  ]);
  await third.close();
  await subscriber.close();
  rmSync(dataDir, { recursive: true });
});
