import {
  type Database,
  migrate,
  openRecords,
  openVault,
  testDatabase,
  testEngines,
} from '@latchkey/database';
import { type DeliveryTables, queueMigrations } from './queue-tables';

describe.each(testEngines)('the webhook queue of the version before, on %s', (engine) => {
  const test = testDatabase(engine);
  const vaultTest = testDatabase(engine);
  let database: Database<DeliveryTables & { webhook_deliveries_v1: Record<string, unknown> }>;
  afterAll(async () => {
    await test.drop();
    await vaultTest.drop();
  });

  it('is taken over with all that waits in it', async () => {
    database = await test.open();
    const vault = await openVault({ database: await vaultTest.open(), masterKey: Buffer.alloc(32, 1) });
    const records = await openRecords(database as never, vault);
    const workspace = { workspaceId: 'w', name: 'Test', isSandbox: true, settings: {}, createdAt: 1 };
    await records.workspaces.create(workspace);
    for (const webhookId of ['hook-1', 'hook-2']) {
      const endpoint = { webhookId, workspaceId: 'w', url: 'http://a/', eventTypes: ['*'] };
      await records.webhookEndpoints.create({ ...endpoint, secret: 'whsec_x', createdAt: 1 });
    }
    await database.db.schema
      .createTable('webhook_deliveries_v1')
      .addColumn('delivery_id', 'text', (c) => c.primaryKey())
      .addColumn('webhook_id', 'text', (c) => c.notNull())
      .addColumn('event_id', 'text', (c) => c.notNull())
      .addColumn('revision', 'bigint', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('due_at', 'bigint', (c) => c.notNull())
      .addColumn('claimed_until', 'bigint', (c) => c.notNull())
      .execute();
    const old = (webhook: string, event: string, dueAt: number) => ({
      delivery_id: `${webhook}:${event}`,
      webhook_id: webhook,
      event_id: event,
      revision: 7,
      data: JSON.stringify({ event_id: event, event_type: 'device.connected' }),
      attempts: 2,
      due_at: dueAt,
      claimed_until: 0,
    });
    const rows = [old('hook-1', 'event-1', 20), old('hook-2', 'event-1', 30), old('hook-1', 'event-2', 10)];
    await database.db.insertInto('webhook_deliveries_v1').values(rows).execute();

    await migrate(database, 'webhooks', queueMigrations);
    const of = async (table: keyof DeliveryTables, by: string) =>
      database.db
        .selectFrom(table)
        .selectAll()
        .orderBy(by as never)
        .execute();
    expect(await of('webhook_messages', 'event_id')).toMatchObject([
      { event_id: 'event-1', event_type: 'device.connected', revision: 7 },
      { event_id: 'event-2', event_type: 'device.connected', revision: 7 },
    ]);
    expect(await of('webhook_deliveries', 'delivery_id')).toMatchObject([
      { delivery_id: 'hook-1:event-1', attempts: 2, due_at: 20 },
      { delivery_id: 'hook-1:event-2', attempts: 2, due_at: 10 },
      { delivery_id: 'hook-2:event-1', attempts: 2, due_at: 30 },
    ]);
    expect(await of('webhook_queues', 'subject')).toMatchObject([
      { subject: 'hook-1', workspace_id: 'w', due_at: 10 },
      { subject: 'hook-2', workspace_id: 'w', due_at: 30 },
    ]);
  });
});
