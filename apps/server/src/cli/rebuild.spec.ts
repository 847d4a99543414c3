import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import pg from 'pg';
import { AGENDA, CODES } from '@latchkey/access-codes';
import { HOUR, until } from '@latchkey/platform';
import { compile, type Compiled } from '../testing/compiled';
import { ownPostgresDatabase } from '../testing/own-postgres-database';
import { ServerWorld } from '../testing/server-world';
import { withPostgres } from '../testing/two-instances';
import { LatchkeyProgram } from './testing/latchkey-program';

/** Codes that guests are given without end, until it is said that it is enough. Every request is answered. */
async function traffic(world: ServerWorld, enough: () => boolean): Promise<string[]> {
  const { deviceId } = await world.locks.named('Front Door');
  const made: string[] = [];
  for (let n = 0; !enough(); n++) {
    const { access_code_id } = await world.api.create({ device_id: deviceId, name: `Guest ${n}` });
    made.push(access_code_id);
    const ask = (path: string, more: object = {}) => world.api.ask(path, { access_code_id, ...more });
    if (n % 3 === 1) await ask('/access_codes/update', { name: `Late guest ${n}` });
    if (n % 3 === 2) await ask('/access_codes/delete');
    if (n % 20 === 19) await world.api.advance(HOUR);
  }
  return made;
}

describe('rebuild', () => {
  let world: ServerWorld;
  let compiled: Compiled;
  let program: LatchkeyProgram;
  const run = (...args: string[]) => program.run(...args);
  const spoil = (...statements: string[]) => {
    const db = new Libsql(join(world.dataDir, 'views.db'));
    db.pragma('busy_timeout = 5000');
    for (const statement of statements) db.exec(statement);
    db.close();
  };

  beforeAll(async () => {
    compiled = compile();
    world = await ServerWorld.start();
    program = new LatchkeyProgram(compiled, { DATA_DIR: world.dataDir });
    let n = 0;
    await traffic(world, () => n++ >= 60);
  }, 120_000);
  afterAll(async () => {
    compiled.remove();
    await world.stop();
  });

  test('views that were spoilt are put right under load, and equal their facts', async () => {
    spoil(
      `delete from ${CODES} where rowid % 2 = 0`,
      `update ${CODES} set search_name = 'eve'`,
      `insert into ${CODES} select code_id || 'x', workspace_id, device_id, live_at, readable_at, unmanaged_at,
         pool_at, position, created_at, search_name, pin_fingerprint, common_code_key, state from ${CODES} limit 3`,
      `delete from ${AGENDA} where rowid % 3 = 0`,
    );
    expect((await run('verify', 'views')).code).toBe(1);
    let ended = false;
    let begun = 0;
    const made = traffic(world, () => {
      begun++;
      return ended;
    });
    // Requests go on before, while and after another process rebuilds.
    await until(() => begun > 3);
    const rebuilt = await run('rebuild', 'all');
    const meanwhile = begun;
    await until(() => begun > meanwhile + 3);
    ended = true;
    expect(rebuilt).toMatchObject({ code: 0, complaint: '' });
    expect(rebuilt.out).toMatch(
      /^codes: \d+ events folded, \d+ rows put right \(\d+ missing, \d+ changed, 3 too many\)/m,
    );
    expect(rebuilt.out).toMatch(/^devices: \d+ events folded, nothing differed/m);
    expect((await made).length).toBeGreaterThan(5);
    await world.api.advance(HOUR);
    expect(await run('verify', 'views')).toMatchObject({ code: 0, complaint: '' });
    expect(existsSync(join(world.dataDir, 'rebuild'))).toBe(false);
    // What is read again is read by the running server, too.
    const { access_codes } = await world.api.ask<{ access_codes: { name: string }[] }>('/access_codes/list', {
      limit: 500,
    });
    expect(access_codes.some(({ name }) => name === 'Guest 0')).toBe(true);
  }, 120_000);

  test('views that are worked on are verified as they stand at one position', async () => {
    let ended = false;
    const made = traffic(world, () => ended);
    for (let times = 0; times < 3; times++)
      expect(await run('verify', 'views', '--json')).toEqual({ code: 0, out: '', complaint: '' });
    ended = true;
    expect((await made).length).toBeGreaterThan(5);
  }, 120_000);

  test('killed at any moment it leaves the views as they were, and goes on when it is called again', async () => {
    spoil(`update ${CODES} set search_name = 'eve'`);
    for (const ms of [700, 900, 1_100, 1_300]) await program.killedAfter(ms, 'rebuild', 'all');
    const rebuilt = await run('rebuild', 'all', '--json');
    expect(rebuilt).toMatchObject({ code: 0, complaint: '' });
    expect(await run('verify', 'views')).toMatchObject({ code: 0, complaint: '' });
    expect(existsSync(join(world.dataDir, 'rebuild'))).toBe(false);
  }, 120_000);

  test('a dry run changes nothing, and says what differs', async () => {
    spoil(`update ${CODES} set search_name = 'eve' where rowid = (select min(rowid) from ${CODES})`);
    const dry = await run('rebuild', 'codes', '--dry-run');
    expect(dry).toMatchObject({
      code: 1,
      out: expect.stringMatching(/search_name: expected .*, found eve$/m),
    });
    const again = await run('rebuild', 'codes', '--dry-run');
    expect(again.code).toBe(1);
    expect((await run('rebuild', 'codes')).out).toMatch(
      /1 rows put right \(0 missing, 1 changed, 0 too many\)/,
    );
    expect((await run('rebuild', 'nonsense')).complaint).toMatch(/^There is no view nonsense\. There are: /);
  });
});

withPostgres(
  'views in PostgreSQL are verified and put right as well, while the server works on',
  async () => {
    const database = await ownPostgresDatabase();
    const world = await ServerWorld.start({ DATABASE_URL: database.url });
    // A process of its own: in the server's, the client of the event store loses its appends when another one is closed.
    const compiled = compile();
    const env = { DATA_DIR: world.dataDir, DATABASE_URL: database.url };
    const program = new LatchkeyProgram(compiled, env);
    const run = (...args: string[]) => program.run(...args);
    try {
      let n = 0;
      await traffic(world, () => n++ >= 25);
      const client = new pg.Client(database.url);
      await client.connect();
      const spoilt = await client.query(`update views.${CODES} set search_name = 'eve'`);
      await client.query(`delete from views.${AGENDA} where kind = 'device'`);
      const found = await run('verify', 'views');
      expect(found).toMatchObject({ code: 1, complaint: expect.stringMatching(/: codes, agenda\. /) });
      let ended = false;
      const made = traffic(world, () => ended);
      const rebuilt = await run('rebuild', 'all');
      ended = true;
      await made;
      expect(rebuilt).toMatchObject({ code: 0, complaint: '' });
      // What happens to a code meanwhile writes its row again, so that some were right again before.
      const [, changed] = /^codes: .*\(0 missing, (\d+) changed, 0 too many\)/m.exec(rebuilt.out) ?? [];
      expect(Number(changed)).toBeGreaterThan(0);
      expect(Number(changed)).toBeLessThanOrEqual(spoilt.rowCount!);
      await world.api.advance(HOUR);
      expect(await run('verify', 'views')).toMatchObject({ code: 0, complaint: '' });
      const { rows } = await client.query(
        `select nspname from pg_namespace where nspname ~ '^(verify|rebuild)_'`,
      );
      expect(rows).toEqual([]);
      await client.end();
    } finally {
      compiled.remove();
      await world.stop();
      await database.drop();
    }
  },
  120_000,
);
