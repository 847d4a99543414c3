import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Libsql from 'libsql';
import { openStores } from '@latchkey/database';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { type EventMetadata, EventStoreDb } from '@latchkey/event-sourcing';
import { until } from '@latchkey/platform';
import type { ParkedEvent } from '../parked/parked-events';
import { markedEventStore } from '../stores/marked-event-store';
import { Api } from '../testing/api';
import { ServerWorld } from '../testing/server-world';
import { runLatchkey } from './testing/run-latchkey';

interface Listed {
  readonly parked_events: ParkedEvent[];
  readonly parked_event_count: number;
}

describe('parked events', () => {
  let world: ServerWorld;
  let deviceId: string;
  const run = (...args: string[]) => runLatchkey({ DATA_DIR: world.dataDir }, ...args);
  const listed = () => world.api.ask<Listed>('/parked_events/list');
  const viewsOf = ({ parked_events }: Listed) => parked_events.map(({ view }) => view).sort();

  beforeAll(async () => {
    world = await ServerWorld.start();
    ({ deviceId } = await world.locks.named('Front Door'));
    await world.api.create({ device_id: deviceId, code: '582941' });
  });
  afterAll(() => world.stop());

  /** As a version would leave it that could not fold an event that this one can. */
  function parkedByAnEarlierVersion(view: string): string {
    const id = randomUUID();
    const db = new Libsql(join(world.dataDir, 'views.db'));
    db.pragma('busy_timeout = 5000');
    db.prepare('insert into parked_events values (?, ?, ?, ?, ?, ?, ?)').run([
      ...[view, id, `device-${deviceId}`, 'DeviceUpdated', '1/1', 'it had a defect', Date.now()],
    ]);
    db.close();
    return id;
  }

  /** An event with the server's own mark that nobody can read. */
  async function appendUnreadable(): Promise<string> {
    const stores = await openStores({ dataDir: world.dataDir });
    const bare = new EventStoreDb(ownerAddress(join(world.dataDir, 'eventstore')));
    const store = await markedEventStore(bare, stores.records, stores.vault);
    const metadata: EventMetadata = {
      ...{ $correlationId: randomUUID(), $causationId: randomUUID(), actor: { type: 'system' } },
      ...{ workspaceId: randomUUID(), schemaVersion: 1, occurredAt: new Date().toISOString() },
    };
    const id = randomUUID();
    const event = { id, type: 'BatteryMeasured', data: { level: 'half' }, metadata };
    await store.append(`device-${randomUUID()}`, [event], 'no-stream');
    await bare.close();
    await stores.close();
    return id;
  }

  test('are for keys with the permission alone', async () => {
    const made = await run('api-keys', 'make', '--name', 'plain');
    const plain = new Api(world.server.url, /seam_\w+/.exec(made.out)![0]);
    for (const path of ['list', 'retry', 'drop'])
      expect(await plain.call(`/parked_events/${path}`)).toMatchObject({
        status: 403,
        body: { error: { type: 'forbidden', message: expect.stringMatching(/'operations'/) } },
      });
    const operator = await run('api-keys', 'make', '--name', 'operator', '--operations');
    const allowed = new Api(world.server.url, /seam_\w+/.exec(operator.out)![0]);
    expect(await allowed.ask('/parked_events/list')).toMatchObject({
      parked_events: [],
      parked_event_count: 0,
    });
  });

  test('that can be folded by now are, on request, while the server works on', async () => {
    const id = parkedByAnEarlierVersion('codes');
    expect(await listed()).toMatchObject({ parked_events: [{ event_id: id, view: 'codes' }] });
    const retried = await world.api.ask('/parked_events/retry', { event_id: id });
    expect(retried).toMatchObject({ views: ['codes'], parked_events: [{ event_id: id }] });
    await until(async () => (await listed()).parked_event_count === 0, { every: 100 });
    parkedByAnEarlierVersion('devices');
    expect(await run('parked', 'retry', 'all')).toMatchObject({
      code: 0,
      out: 'devices: it has every event now',
    });
    expect((await run('verify', 'views')).code).toBe(0);
  }, 60_000);

  test('that still can not be are left, with the reason, until they are dropped', async () => {
    const id = await appendUnreadable();
    const views = ['agenda', 'audit', 'devices', 'translator'];
    await until(async () => viewsOf(await listed()).length === views.length, { every: 100 });
    expect(viewsOf(await listed())).toEqual(views);
    const retried = await run('parked', 'retry', id);
    expect(retried).toMatchObject({ code: 1, complaint: expect.stringMatching(/^Left as they were: /) });
    expect(retried.out).toMatch(/^devices: The view devices can't be folded again: .*BatteryMeasured/m);
    const verified = await run('verify', 'views', '--view', 'devices');
    expect(verified).toMatchObject({
      code: 1,
      complaint: expect.stringMatching(/^The view devices can't be/),
    });
    expect(viewsOf(await listed())).toEqual(views);
    const dropped = await world.api.ask<Listed>('/parked_events/drop', { event_id: id });
    expect(viewsOf(dropped)).toEqual(views);
    expect(await run('parked')).toMatchObject({ code: 0, out: 'No event is parked.' });
  }, 60_000);

  test('of others can be dropped, and not retried', async () => {
    const bare = new EventStoreDb(ownerAddress(join(world.dataDir, 'eventstore')));
    for (const type of ['Nonsense', 'More']) {
      const foreign = { id: randomUUID(), type, data: {}, metadata: {} as EventMetadata };
      await bare.append(`device-${type}`, [foreign], 'no-stream');
    }
    await bare.close();
    await until(async () => (await listed()).parked_event_count === 2, { every: 100 });
    const retried = await world.api.call('/parked_events/retry', { all: true });
    expect(retried).toMatchObject({ status: 400, body: { error: { type: 'not_retryable' } } });
    expect((await run('parked', 'retry', 'all')).complaint).toMatch(
      /^Events of others are folded by no view/,
    );
    expect(await world.api.ask<Listed>('/parked_events/list', { limit: 1 })).toMatchObject({
      parked_events: [{ event_type: 'Nonsense' }],
      parked_event_count: 2,
    });
    expect((await run('parked', 'drop', 'all')).out).toBe('2 events were dropped.');
    expect((await listed()).parked_event_count).toBe(0);
  });

  test('that are not there, or not named, are refused', async () => {
    const unknown = await world.api.call('/parked_events/drop', { event_id: randomUUID() });
    expect(unknown).toMatchObject({ status: 404, body: { error: { type: 'parked_event_not_found' } } });
    for (const params of [{}, { event_id: randomUUID(), all: true }, { event_id: 'x' }])
      expect((await world.api.call('/parked_events/retry', params)).status).toBe(400);
    expect((await run('parked', 'drop', 'nonsense')).complaint).toMatch(
      /^No view goes on without an event nonsense/,
    );
  });
});
