import {
  AGENDA,
  AgendaProjection,
  type AgendaTables,
  CODES_VERSION,
  DOMAIN_PREFIXES,
} from '@latchkey/access-codes';
import { AuditProjection } from '@latchkey/audit';
import { type Database, openStores, type Stores } from '@latchkey/database';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, type ProjectionRunner } from '@latchkey/event-sourcing';
import { createLogger, HOUR, loadConfig, SandboxClock } from '@latchkey/platform';
import { FeedProjection, PUBLIC_EVENTS, Translator } from '@latchkey/public-events';
import { sql } from 'kysely';
import { join } from 'node:path';
import { viewRunner } from '../stores/view-runner';
import { markedEventStore } from '../stores/marked-event-store';
import { viewsOfQueries } from '../stores/views';
import { type Compiled, compile } from '../testing/compiled';
import { RestartableServer } from '../testing/restartable-server';
import { BuildingProgress } from './building-progress';
import { Builders } from './builders';

/** Of each there is one version. */
const VIEWS = ['codes', 'attempts', 'devices', 'accounts', 'locks', 'lock_codes'];
const FEED = ['events', 'translator'];
const AUDIT = ['audit_entries', 'audit_chains'];
const NOW = Date.UTC(2026, 5, 1, 12);

describe('views that are built by threads', () => {
  const server = new RestartableServer();
  const compiled = compile();
  afterAll(() => compiled.remove());
  afterAll(() => server.discard(), 60_000);

  it('have what the server folds by itself, with their indexes, and are followed from there on', async () => {
    await server.start();
    const devices = await server.api.ask<{ devices: { device_id: string }[] }>('/devices/list', {});
    for (const { device_id } of devices.devices) {
      await server.api.ask('/access_codes/create', { device_id, name: 'Guest' });
    }
    await server.api.ask('/sandbox/clock/advance', { by: 'PT1H' });
    // The index of facts has all of them before this is answered.
    await server.api.ask('/audit/history', {});
    await server.stop();
    const folded = await rowsOf(server.dataDir);
    server.removeViews();

    const { progress, indexes, due, plannedInDoubt } = await builtApart(server.dataDir, compiled);
    expect(progress.folded).toBeGreaterThan(devices.devices.length);
    expect(indexes).toEqual(expect.arrayContaining([`codes_by_pin_v${CODES_VERSION}`, `${AGENDA}_by_due`]));
    expect(await rowsOf(server.dataDir)).toEqual(folded);
    // No code has anything to be done; each lock is read back.
    expect(due).toEqual({ codes: 0, devices: devices.devices.length });
    expect(plannedInDoubt).toEqual([false, false, true]);

    await server.start();
    const { access_codes: codes } = await server.api.ask<{ access_codes: object[] }>(
      '/access_codes/list',
      {},
    );
    expect(codes).toHaveLength(devices.devices.length);
  }, 120_000);
});

/** Every row of the tables that are folded from events alone. */
async function rowsOf(dataDir: string): Promise<Record<string, unknown[]>> {
  const stores = await openStores<Record<string, Record<string, unknown>>>(loadConfig({ DATA_DIR: dataDir }));
  const rows: Record<string, unknown[]> = {};
  const read = async (database: Database<Record<string, Record<string, unknown>>>, views: string[]) => {
    const tables = (await database.db.introspection.getTables()).map(({ name }) => name);
    for (const view of views) {
      const [table, ...others] = tables.filter((name) => new RegExp(`^${view}_v\\d+$`).test(name));
      expect(others).toEqual([]);
      const found = await database.db.selectFrom(table!).selectAll().execute();
      // What a maker said when its lock was read back is no event.
      const kept = found.map(({ read_back_of: _, ...row }) => JSON.stringify(row));
      rows[view] = kept.sort();
      expect(kept.length).toBeGreaterThan(0);
    }
  };
  await read(stores.views, VIEWS);
  await read(stores.feed, FEED);
  await read(stores.audit, AUDIT);
  await stores.close();
  return rows;
}

async function builtApart(dataDir: string, compiled: Compiled) {
  const config = loadConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'fatal' });
  const logger = createLogger('silent');
  const clock = new SandboxClock({ now: NOW, running: false });
  const node = await spawnNode({ dataDir: join(dataDir, 'eventstore'), port: 0, access: 'private' });
  const bare = new EventStoreDb(node.connectionString);
  const stores: Stores<AgendaTables> = await openStores(config);
  try {
    const store = await markedEventStore(bare, stores.records, stores.vault);
    const following = { store, clock, logger };
    const agenda = new AgendaProjection(clock, () => undefined);
    const runners = {
      views: [
        ...[agenda, ...viewsOfQueries()].map((view) =>
          viewRunner(view, stores.views, { ...following, follows: DOMAIN_PREFIXES }),
        ),
        viewRunner(new AuditProjection(), stores.audit, following),
      ],
      feed: [
        viewRunner(new Translator(store, config), stores.feed, following),
        viewRunner(new FeedProjection(), stores.feed, { ...following, follows: [`${PUBLIC_EVENTS}-`] }),
      ],
    };
    const all: ProjectionRunner[] = [...runners.views, ...runners.feed];
    for (const runner of all) await runner.prepare();
    const toBeBuilt = () => Promise.all(all.map((runner) => runner.isToBeBuilt()));
    expect(await toBeBuilt()).not.toContain(false);
    const address = node.connectionString;
    const program = { path: compiled.path('apps/server/src/building/thread.js'), env: compiled.env };
    const builders = new Builders({ ...following, address, config, views: runners, worthIt: 1n, program });
    const domain = runners.views.map((runner) => builders.followed(runner));
    const progress = new BuildingProgress(domain, await store.ping());
    const plannedInDoubt = [builders.plannedInDoubt({ offset: HOUR })];
    await builders.run();
    plannedInDoubt.push(builders.plannedInDoubt({ offset: 0 }), builders.plannedInDoubt({ offset: HOUR }));
    expect(await toBeBuilt()).not.toContain(true);
    const { rows } = await sql<{ name: string }>`select name from sqlite_master`.execute(stores.views.db);
    const isDue = stores.views.db
      .selectFrom(AGENDA)
      .select(['kind'])
      .where('due_at', '<=', NOW + HOUR);
    const kinds = (await isDue.execute()).map(({ kind }) => kind as string);
    const due = {
      codes: kinds.filter((kind) => kind === 'code').length,
      devices: kinds.filter((kind) => kind === 'device').length,
    };
    return { progress: progress.progress, indexes: rows.map(({ name }) => name), due, plannedInDoubt };
  } finally {
    await stores.close();
    await bare.close();
    await node.close();
  }
}
