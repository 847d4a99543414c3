import { CloudClient, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

describe('faults of a lock', () => {
  let cloud: CloudClient;
  let subscriber: Subscriber;
  let lock: string;

  beforeEach(async () => {
    cloud = await CloudClient.start();
    subscriber = await Subscriber.start();
    lock = await cloud.addLock();
    await cloud.subscribe(subscriber.url);
  });

  afterEach(async () => {
    await cloud.close();
    await subscriber.close();
  });

  it('offline: refuses writes, fails what comes due, and the keypad goes on', async () => {
    await cloud.faults(lock, { latency_ms: 1000 });
    const kept = await cloud.create(lock, { code: '1111' });
    await cloud.advance(1000);
    const late = await cloud.create(lock, { code: '2222' });
    await cloud.faults(lock, { offline: true });
    const refused = await cloud.update(kept.body.access_code_id, { name: 'Other' });
    expect([refused.status, refused.body.error_code]).toEqual([409, 'DEVICE_OFFLINE']);
    await cloud.advance(2000);
    expect(await cloud.opens(lock, '1111')).toBe(true);
    expect(await cloud.opens(lock, '2222')).toBe(false);
    await cloud.faults(lock, { offline: false });
    await cloud.advance(3000);
    expect(
      subscriber.deliveries.map(({ event_type, status, error_code }) => [event_type, status, error_code]),
    ).toEqual([
      ['access_code.created', 'success', undefined],
      ['device.offline', undefined, undefined],
      ['access_code.created', 'failed', 'DEVICE_OFFLINE'],
      ['device.online', undefined, undefined],
    ]);
    expect((await cloud.codes(lock)).map(({ access_code_id }) => access_code_id)).not.toContain(
      late.body.access_code_id,
    );
  });

  it('refuse: refuses writes at once; fail: accepts them and reports a failure', async () => {
    await cloud.faults(lock, { refuse: 'DEVICE_OUT_OF_SYNC' });
    const refused = await cloud.create(lock, { code: '1111' });
    expect([refused.status, refused.body.error_code]).toEqual([409, 'DEVICE_OUT_OF_SYNC']);
    await cloud.faults(lock, { refuse: null });
    const made = await cloud.create(lock, { code: '1111' });
    await cloud.advance(1);
    await cloud.faults(lock, { fail: 'LOCK_JAMMED' });
    await cloud.update(made.body.access_code_id, { code: '2222' });
    await cloud.advance(2);
    await cloud.delete(made.body.access_code_id);
    await cloud.advance(3);
    expect(await cloud.codes(lock)).toMatchObject([
      { code: '1111', pending_update: false, pending_delete: false },
    ]);
    expect(subscriber.deliveries.slice(1)).toMatchObject([
      { event_type: 'access_code.updated', status: 'failed', error_code: 'LOCK_JAMMED' },
      { event_type: 'access_code.deleted', status: 'failed', error_code: 'LOCK_JAMMED' },
    ]);
  });

  it('lose_answers: drops the connection, and does what was asked', async () => {
    await cloud.faults(lock, { lose_answers: 1 });
    await expect(cloud.create(lock, { code: '1111' })).rejects.toThrow('fetch failed');
    await cloud.advance(0);
    expect(await cloud.codes(lock)).toMatchObject([{ code: '1111', status: 'active' }]);
    const answer = await cloud.faults(lock, {});
    expect(answer.body.faults).toMatchObject({ lose_answers: 0 });
    expect((await cloud.create(lock, { code: '2222' })).status).toBe(201);
  });

  it('lose, repeat and delay of webhooks', async () => {
    await cloud.faults(lock, { lose_webhooks: 1, repeat_webhooks: 1 });
    await cloud.create(lock, { code: '1111' });
    await cloud.create(lock, { code: '2222' });
    const { body } = await cloud.create(lock, { code: '3333' });
    await cloud.advance(1999);
    expect(subscriber.deliveries).toHaveLength(2);
    await cloud.advance(2000);
    expect(subscriber.bodies).toHaveLength(3);
    expect(subscriber.bodies[2]).toBe(subscriber.bodies[0]);
    expect(subscriber.bodies[1]).toContain(body.access_code_id);

    await cloud.faults(lock, { delay_webhooks_ms: 60_000 });
    await cloud.delete(body.access_code_id);
    await cloud.advance(61_999);
    expect(subscriber.deliveries).toHaveLength(3);
    await cloud.advance(62_000);
    expect(subscriber.deliveries[3]).toMatchObject({
      event_type: 'access_code.deleted',
      timestamp: at(2000),
    });
  });

  it('clock drift: reported beyond a minute, seen in device_time, and followed by the keypad', async () => {
    await cloud.create(lock, { code: '1111', starts_at: at(100_000), ends_at: at(200_000) });
    await cloud.faults(lock, { clock_drift_ms: 60_000 });
    await cloud.advance(40_000);
    expect(await cloud.opens(lock, '1111')).toBe(true);
    expect(subscriber.types).not.toContain('device.time_wrong');
    await cloud.faults(lock, { clock_drift_ms: -60_001 });
    await cloud.advance(100_000);
    expect(await cloud.opens(lock, '1111')).toBe(false);
    const seen = await cloud.call('GET', `/locks/${lock}`);
    expect(seen.body.device_time).toBe(at(39_999));
    await cloud.advance(160_001);
    expect(await cloud.opens(lock, '1111')).toBe(true);
    await cloud.advance(160_002);
    expect(subscriber.types.filter((type) => type === 'device.time_wrong')).toHaveLength(1);
    await cloud.faults(lock, { ignore_schedule: true, clock_drift_ms: 0 });
    await cloud.advance(500_000);
    expect(await cloud.opens(lock, '1111')).toBe(true);
  });

  it('flaky: the same seed gives the same run of refusals and lost answers, about one in so many', async () => {
    const runs: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      const other = await CloudClient.start({ seed: 7 });
      const barn = await other.addLock({ faults: { flaky_one_in: 8 } });
      let log = '';
      for (let i = 0; i < 200; i += 1) {
        const answer = await other.create(barn, { code: String(1000 + i) }).catch(() => null);
        log += answer === null ? 'L' : answer.status === 201 ? '.' : 'B';
      }
      runs.push(log);
      await other.close();
    }
    expect(runs[0]).toBe(runs[1]);
    const troubles = runs[0]?.replaceAll('.', '') ?? '';
    expect(troubles).toMatch(/L/);
    expect(troubles).toMatch(/B/);
    expect(troubles.length).toBeGreaterThan(10);
    expect(troubles.length).toBeLessThan(45);
  });

  it.each([
    { offline: 'yes' },
    { latency_ms: -1 },
    { lose_answers: 1.5 },
    { refuse: 7 },
    { fail: 'not a code' },
    { clock_drift_ms: 'late' },
    { explode: true },
    [],
    '{',
    'null',
  ])('refuses %j and changes nothing', async (body) => {
    const answer = await cloud.call('POST', `/simulator/locks/${lock}/faults`, body);
    expect([answer.status, answer.body.error_code]).toEqual([400, 'INVALID_REQUEST']);
    expect((await cloud.faults(lock, {})).body.faults).toMatchObject({
      offline: false,
      latency_ms: 0,
      fail: null,
    });
  });
});
