import { CloudClient, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

describe('codes over the API', () => {
  let cloud: CloudClient;
  let subscriber: Subscriber;

  beforeEach(async () => {
    cloud = await CloudClient.start();
    subscriber = await Subscriber.start();
    await cloud.subscribe(subscriber.url);
  });

  afterEach(async () => {
    await cloud.close();
    await subscriber.close();
  });

  it('accepts a code at once and puts it on the lock after the latency', async () => {
    const lock = await cloud.addLock({ faults: { latency_ms: 2000 } });
    const created = await cloud.create(lock, { code: '1234', starts_at: at(0), ends_at: at(60_000) });
    expect(created).toMatchObject({
      status: 201,
      body: { status: 'pending', code: '1234', starts_at: at(0) },
    });
    expect(await cloud.codes(lock)).toMatchObject([{ status: 'pending' }]);
    expect(await cloud.opens(lock, '1234')).toBe(false);

    const clock = await cloud.advance(1999);
    expect(clock.body).toMatchObject({ now: at(1999), running: false, next_due_at: at(2000) });
    expect(await cloud.opens(lock, '1234')).toBe(false);

    await cloud.advance(2000);
    expect(await cloud.opens(lock, '1234')).toBe(true);
    expect(await cloud.codes(lock)).toMatchObject([{ status: 'active', pending_update: false }]);
    expect(subscriber.deliveries).toContainEqual({
      event_type: 'access_code.created',
      device_id: lock,
      status: 'success',
      access_code_id: created.body.access_code_id,
      timestamp: at(2000),
    });
  });

  it('shows the old content until a change is performed, and removes after what is pending', async () => {
    const lock = await cloud.addLock({ faults: { latency_ms: 1000 } });
    const { body } = await cloud.create(lock, { code: '1234' });
    await cloud.advance(1000);
    const changed = await cloud.update(body.access_code_id, { code: '5678' });
    expect(changed).toMatchObject({ status: 200, body: { status: 'pending', code: '5678' } });
    const deleted = await cloud.delete(body.access_code_id);
    expect(deleted).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect(await cloud.codes(lock)).toMatchObject([{ code: '1234', status: 'active', pending_update: true }]);
    await cloud.advance(2000);
    expect(await cloud.opens(lock, '5678')).toBe(true);
    expect(await cloud.opens(lock, '1234')).toBe(false);
    await cloud.advance(3000);
    expect(await cloud.codes(lock)).toEqual([]);
    const outcomes = subscriber.deliveries.filter(({ access_code_id, status }) => access_code_id && status);
    expect(outcomes.map(({ event_type, timestamp }) => [event_type, timestamp])).toEqual([
      ['access_code.created', at(1000)],
      ['access_code.updated', at(2000)],
      ['access_code.deleted', at(3000)],
    ]);
  });
});
