import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Libsql from 'libsql';
import { EMPTIED_EVERY_MS } from './database';
import { CloudClient } from './testing/cloud-client';

let dataDir: string;
let running: CloudClient | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'lock-cloud-erasure-'));
});
afterEach(async () => {
  await running?.close();
  rmSync(dataDir, { recursive: true });
});

const start = async () => (running = await CloudClient.start({ dataDir }));
const stop = async () => {
  await running?.close();
  running = undefined;
};

const held = (pins: readonly string[]): string[] => {
  const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name), 'latin1'));
  return pins.filter((pin) => files.some((bytes) => bytes.includes(pin)));
};

/** PINs in no order, so that the pages of the index are split and joined. */
const pinsFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => String(first + ((n * 7919) % 100_003)).padStart(9, '1'));

it('the files hold nothing of a PIN that has left its lock, running or stopped', async () => {
  const cloud = await start();
  const lock = await cloud.addLock({ max_active_codes: 1000, supported_code_lengths: [9] });
  const [kept, gone] = [pinsFrom(400_000_000, 100), pinsFrom(700_000_000, 400)];
  const ids = new Map<string, string>();
  for (let n = 0; n < gone.length; n += 1) {
    for (const code of [gone[n]!, ...(n % 4 === 0 ? [kept[n / 4]!] : [])]) {
      const { status, body } = await cloud.create(lock, { code });
      expect(status).toBeLessThan(300);
      ids.set(code, body.access_code_id);
    }
  }
  await cloud.advance(60_000);
  expect(held([...kept, ...gone])).toHaveLength(500);

  for (const code of gone) await cloud.delete(ids.get(code)!);
  await cloud.advance(60_000);
  // Real time: deleted rows are wiped from the file by a timer of the machine's clock.
  for (let tries = 0; held(gone).length > 0 && tries < 20; tries += 1) await delay(EMPTIED_EVERY_MS / 2);
  expect(held(gone)).toEqual([]);
  expect(held(kept)).toEqual(kept);
  await stop();
  expect(held(gone)).toEqual([]);
}, 60_000);

it('what an earlier version has left in the file is gone after the next start', async () => {
  const pins = pinsFrom(400_000_000, 50);
  await start();
  await stop();
  const file = new Libsql(join(dataDir, 'lock-cloud.db'));
  file.exec('PRAGMA user_version = 0');
  const insert = file.prepare(
    "INSERT INTO codes (access_code_id, lock_id, name, code, status) VALUES (?, 'lock', 'Guest', ?, 'active')",
  );
  for (const pin of pins) insert.run([`code-${pin}`, pin]);
  file.exec('DELETE FROM codes');
  file.close();
  expect(held(pins)).not.toEqual([]);

  await start();
  await stop();
  expect(held(pins)).toEqual([]);
});
