import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Makes a PostgreSQL database of a test's own, on the server that DATABASE_TEST_URL names. */
export async function ownPostgresDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const { DATABASE_TEST_URL } = process.env;
  const name = `own_${randomBytes(6).toString('hex')}`;
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client(DATABASE_TEST_URL);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  const url = new URL(DATABASE_TEST_URL!);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`drop database ${name} with (force)`) };
}
