import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgendaTables } from '@latchkey/access-codes';
import { type Database, openDatabase } from '@latchkey/database';
import { SandboxClock } from '@latchkey/platform';
import { sql } from 'kysely';
import { table } from '../report';
import { CLAIMED_AT_ONCE, timeClaims } from './claims';
import { timeLooks } from './looks';

/**
 * Claims among a million sleeping codes, and 50,000 codes that fall due in one instant. SLEEPING, DUE, CODES and LOCKS
 * say how many. On SQLite, and on PostgreSQL where DATABASE_TEST_URL names one.
 */
export async function benchAgenda({ quick = false } = {}): Promise<void> {
  const given = (name: string, fallback: number) =>
    Number(process.env[name] ?? (quick ? fallback / 10 : fallback));
  const [sleeping, due] = [given('SLEEPING', 1_000_000), given('DUE', 50_000)];
  const [codes, locks] = [given('CODES', 50_000), given('LOCKS', 500)];
  const results: string[][] = [];
  for (const engine of process.env['DATABASE_TEST_URL'] ? ['SQLite', 'PostgreSQL'] : ['SQLite']) {
    const say = (what: string) => process.stderr.write(`${engine}: ${what}\n`);
    await withDatabase(engine, async (database) => {
      say(`${sleeping} sleeping and ${due} due rows are written`);
      const clock = new SandboxClock({ now: Date.UTC(2026, 5, 1), running: false });
      const { one, batch } = await timeClaims(database, clock, { sleeping, due });
      results.push([engine, `one claim, ${sleeping} sleeping, ${due} due`, spread(one)]);
      results.push([engine, `${CLAIMED_AT_ONCE} claimed at once`, spread(batch)]);
    });
    await withDatabase(engine, async (database) => {
      say(`${codes} codes on ${locks} locks fall due`);
      const progress = (done: number) => say(`${done} looked at`);
      const { all, late } = await timeLooks(database, { codes, locks, progress });
      const pace = `${all.toFixed(1)} s (${Math.round(codes / all)} a second)`;
      results.push([engine, `${codes} codes on ${locks} locks due at once, each looked at`, pace]);
      results.push([engine, 'a code that fell due meanwhile', spread(late)]);
    });
  }
  table(['database', 'what', 'result'], results);
  process.stdout.write(`Node ${process.version}\n`);
}

function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return `median ${at(0.5).toFixed(2)} ms, 95 % ${at(0.95).toFixed(2)} ms, longest ${at(1).toFixed(2)} ms`;
}

async function withDatabase(engine: string, work: (database: Database<AgendaTables>) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const schema = `bench_${process.pid}`;
  const database = await openDatabase<AgendaTables>(
    engine === 'SQLite'
      ? { file: join(folder, 'views.db'), durability: 'normal' }
      : { url: process.env['DATABASE_TEST_URL']!, schema },
  );
  try {
    await work(database);
  } finally {
    if (engine !== 'SQLite') await sql`drop schema ${sql.id(schema)} cascade`.execute(database.db);
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
