import { CloudClient, TEN, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

describe('the simulated clock', () => {
  let cloud: CloudClient;

  beforeEach(async () => {
    cloud = await CloudClient.start();
  });

  afterEach(() => cloud.close());

  const set = (body: unknown) => cloud.call('POST', '/simulator/clock', body);

  it('plays everything on the way in order, each at its own instant', async () => {
    const subscriber = await Subscriber.start();
    await cloud.subscribe(subscriber.url, ['access_code.created']);
    const seenNow: unknown[] = [];
    const slow = await cloud.addLock({ faults: { latency_ms: 7000 } });
    const quick = await cloud.addLock({ faults: { latency_ms: 3000 } });
    for (const lock of [slow, quick]) {
      await cloud.create(lock, { code: '1111' });
      await cloud.create(lock, { code: '2222' });
    }
    // What a subscriber asks of the cloud while it is told of an event, it asks at that event's instant.
    subscriber.respond = async () => {
      seenNow.push((await cloud.call('GET', '/simulator/clock')).body.now);
      return 200;
    };
    const { body } = await cloud.advance(60_000);
    expect(body).toMatchObject({ now: at(60_000), next_due_at: null, running: false });
    expect(subscriber.deliveries.map(({ device_id, timestamp }) => [device_id, timestamp])).toEqual([
      [quick, at(3000)],
      [quick, at(6000)],
      [slow, at(7000)],
      [slow, at(14_000)],
    ]);
    expect(seenNow).toEqual([at(3000), at(6000), at(7000), at(14_000)]);
    await subscriber.close();
  });

  it('tells when something is due next, and whether anything has happened', async () => {
    const lock = await cloud.addLock({ faults: { latency_ms: 1500 } });
    const before = (await cloud.call('GET', '/simulator/clock')).body;
    expect(before).toMatchObject({ now: at(0), running: false, next_due_at: null, idle: true });
    await cloud.create(lock, { code: '1111' });
    const after = (await cloud.call('GET', '/simulator/clock')).body;
    expect(after.next_due_at).toBe(at(1500));
    expect(after.activity).toBeGreaterThan(before.activity);
    const same = (await cloud.call('GET', '/simulator/clock')).body;
    expect(same).toEqual(after);
    const played = (await cloud.advance(1500)).body;
    expect(played).toMatchObject({ next_due_at: null });
    expect(played.activity).toBeGreaterThan(after.activity);
  });

  it('does not go back', async () => {
    await cloud.advance(1000);
    const back = await cloud.advance(999);
    expect([back.status, back.body.error_code]).toEqual([400, 'INVALID_REQUEST']);
    expect((await cloud.advance(1000)).status).toBe(200);
    for (const body of [{ now: 'tomorrow' }, { now: 5 }, { running: 'no' }, { pace: 2 }, '{', 'null']) {
      expect([body, (await set(body)).status]).toEqual([body, 400]);
    }
    expect((await set({})).body).toMatchObject({ now: at(1000), running: false });
  });

  it('runs with the wall from where it was put, and performs what falls due by itself', async () => {
    const subscriber = await Subscriber.start();
    await cloud.subscribe(subscriber.url);
    const lock = await cloud.addLock({ faults: { latency_ms: 30 } });
    const heard = new Promise<void>((resolve) => {
      subscriber.respond = ({ event_type }) => {
        if (event_type === 'access_code.created') resolve();
        return 200;
      };
    });
    expect((await set({ now: at(1000), running: true })).body).toMatchObject({ running: true });
    await cloud.create(lock, { code: '1111' });
    await heard;
    expect(await cloud.opens(lock, '1111')).toBe(true);
    const { body } = await set({ running: false });
    const stopped = Date.parse(body.now as string);
    expect(stopped).toBeGreaterThanOrEqual(TEN + 1030);
    expect(body.running).toBe(false);
    expect((await cloud.call('GET', '/simulator/clock')).body.now).toBe(body.now);
    await subscriber.close();
  });

  it('lets a running clock be set back by a hair, for two running clocks never quite agree', async () => {
    await set({ now: at(60_000), running: true });
    expect((await set({ now: at(59_500), running: false })).body.now).toBe(at(59_500));
    await set({ now: at(60_000), running: true });
    expect((await set({ now: at(58_000), running: false })).status).toBe(400);
    expect((await set({})).body.running).toBe(true);
  });

  describe('while it stands', () => {
    const ask = (at: unknown, headers: Record<string, string> = {}) =>
      fetch(`${cloud.url}/locks`, {
        headers: { authorization: `Bearer ${cloud.accessToken}`, 'x-simulated-now': String(at), ...headers },
      });
    const now = async () => (await cloud.call('GET', '/simulator/clock')).body.now;

    it('follows who asks and says what time it is', async () => {
      const lock = await cloud.addLock();
      const { locks } = (await (await ask(TEN + 5000)).json()) as {
        locks: { lock_id: string; device_time: string }[];
      };
      expect(locks).toMatchObject([{ lock_id: lock, device_time: at(5000) }]);
      expect(await now()).toBe(at(5000));
    });

    it('goes neither back nor past what is to be played, nor where a page of another site wants it', async () => {
      const lock = await cloud.addLock({ faults: { latency_ms: 1500 } });
      await cloud.create(lock, { code: '1111' });
      for (const wrong of [TEN - 1000, TEN + 1501, 'soon', 1e300])
        expect((await ask(wrong)).status).toBe(200);
      await ask(TEN + 1000, { origin: 'http://elsewhere.example' });
      expect(await now()).toBe(at(0));
      await ask(TEN + 1499);
      expect(await now()).toBe(at(1499));
    });

    it('follows nobody to where it can not be kept', async () => {
      const lock = await cloud.addLock();
      for (const odd of [TEN + 1000.5, NaN, Infinity, 9e15]) await ask(odd);
      expect(await now()).toBe(at(0));
      expect((await cloud.create(lock, { code: '1111' })).status).toBe(201);
    });

    it('does not follow anybody while it runs', async () => {
      await set({ now: at(0), running: true });
      await ask(TEN + 3_600_000);
      expect(Date.parse((await now()) as string)).toBeLessThan(TEN + 3_600_000);
    });
  });

  it('takes concurrent calls in turn', async () => {
    const lock = await cloud.addLock({ faults: { latency_ms: 1000 } });
    for (let i = 0; i < 10; i += 1) await cloud.create(lock, { code: String(1000 + i) });
    const answers = await Promise.all([3000, 6000, 12_000].map((ms) => cloud.advance(ms)));
    // In whatever order they arrive: each is played to its end, or is too late.
    const late = answers.filter(({ status }) => status === 400);
    const inTurn = answers.filter(({ status }) => status === 200).map(({ body }) => body.now);
    expect(inTurn).toContain(at(12_000));
    expect(late.length + inTurn.length).toBe(3);
    expect((await cloud.call('GET', '/simulator/clock')).body).toMatchObject({
      now: at(12_000),
      next_due_at: null,
    });
  });

  it('performs what takes no time at once, though the clock stands still', async () => {
    const subscriber = await Subscriber.start();
    const heard = new Promise<void>((resolve) => {
      subscriber.respond = () => {
        resolve();
        return 200;
      };
    });
    await cloud.subscribe(subscriber.url);
    const lock = await cloud.addLock();
    await heard;
    const created = await cloud.create(lock, { code: '1111' });
    expect(created.body.status).toBe('pending');
    expect(await cloud.codes(lock)).toMatchObject([{ status: 'active' }]);
    await subscriber.close();
  });
});
