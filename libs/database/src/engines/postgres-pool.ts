import { Outage, within } from '@latchkey/platform';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import { DatabaseSilent, meaning } from './outages';
import { isPatient, statementWithin, STATEMENT_WITHIN_MS } from './patience';

/** How long closing waits for the server, ms. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * Settings of the server's side: it gives a statement up before we do, and notices soon that we are gone, so that
 * nothing waits for the locks of a dead instance. Settings that it does not know are left out. All in ms unless a unit
 * is named.
 */
const SESSION: Readonly<Record<string, string>> = {
  statement_timeout: String(STATEMENT_WITHIN_MS - 500),
  idle_in_transaction_session_timeout: '20s',
  tcp_keepalives_idle: '5s',
  tcp_keepalives_interval: '2s',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '10s',
};

const SET_UP = `select set_config(known.name, wanted.value, false)
  from unnest($1::text[], $2::text[]) as wanted (name, value)
  join pg_settings as known on known.name = wanted.name`;

/**
 * A pool whose connections have deadlines. One that leaves a statement unanswered is given up, and with it all that are
 * as old: when one has died without notice, most of the others have, too.
 */
export class DeadlinePool implements PostgresPool {
  private readonly connections = new Map<pg.PoolClient, Connection>();
  private generation = 0;

  /** @param searchPath the schema that unqualified names are looked up in */
  constructor(
    private readonly pool: pg.Pool,
    private readonly searchPath: string | undefined,
  ) {
    // A connection that breaks leaves the pool by itself and fails the statement that is under way on it. Without
    // listeners, for idle ones here and for each one in use, its error event would end the process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    pool.on('remove', (client) => this.connections.delete(client));
  }

  /** @throws {Outage} when no connection can be had in time */
  async connect(): Promise<PostgresPoolClient> {
    for (;;) {
      const client = await this.pool.connect().catch((error: unknown) => {
        throw meaning(error);
      });
      const known = this.connections.get(client);
      if (known?.isYoung) return known;
      // An older one may be as dead as the one that fell silent.
      if (known) client.release(true);
      else return await this.begin(client);
    }
  }

  async end(): Promise<void> {
    const ended = this.pool.end();
    await within(ended, CLOSE_WITHIN_MS, () => new Error('late')).catch(() => {
      for (const connection of this.connections.values()) connection.giveUp();
    });
  }

  private async begin(client: pg.PoolClient): Promise<Connection> {
    const born = this.generation;
    const connection = new Connection(client, {
      isYoung: () => born === this.generation,
      onSilent: () => this.generation++,
    });
    this.connections.set(client, connection);
    try {
      await connection.query(SET_UP, [Object.keys(SESSION), Object.values(SESSION)]);
      if (this.searchPath !== undefined) {
        await connection.query('select set_config($1, $2, false)', ['search_path', this.searchPath]);
      }
      return connection;
    } catch (error) {
      connection.giveUp();
      connection.release();
      throw error;
    }
  }
}

/** One connection of the pool, as Kysely uses it. */
class Connection implements PostgresPoolClient {
  private givenUp = false;
  /** The server was given a statement's longer time limit. */
  private patient = false;

  constructor(
    private readonly client: pg.PoolClient,
    private readonly pool: { isYoung: () => boolean; onSilent: () => void },
  ) {}

  get isYoung(): boolean {
    return this.pool.isYoung();
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: never): R;
  query<R>(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    return this.run<R>(sql, parameters);
  }

  release(): void {
    this.client.release(this.givenUp || !this.isYoung);
  }

  /** Ends the connection at once, without waiting for an answer. */
  giveUp(): void {
    this.givenUp = true;
    const { connection } = this.client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }

  private async run<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // The server rolls the transaction back when the connection is gone.
    if (this.givenUp) throw new Outage('database', 'the connection was given up');
    if (isPatient() !== this.patient) await this.setPatience();
    const ms = statementWithin();
    const late = (): Error => {
      this.giveUp();
      this.pool.onSilent();
      return new DatabaseSilent(ms);
    };
    try {
      const answer = this.client.query(sql, [...parameters]);
      return (await within(answer, ms, late)) as unknown as PostgresQueryResult<R>;
    } catch (error) {
      throw meaning(error);
    }
  }

  private async setPatience(): Promise<void> {
    this.patient = !this.patient;
    const ms = this.patient ? '0' : SESSION['statement_timeout']!;
    await this.run('select set_config($1, $2, false)', ['statement_timeout', ms]);
  }
}
