import { CloudClient, at } from './testing/cloud-client';
import { Subscriber } from './testing/subscriber';

const HOUR = 3600_000;

describe('delivery of webhooks', () => {
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

  const typePin = (code: string) => cloud.call('POST', `/simulator/locks/${lock}/keypad`, { code });

  it('retries a refused webhook with a growing backoff, unchanged, before those that came after it', async () => {
    subscriber.respond = () => (subscriber.deliveries.length <= 3 ? 500 : 204);
    await cloud.create(lock, { code: '1111' });
    await cloud.create(lock, { code: '2222' });
    const clock = await cloud.advance(0);
    expect(clock.body.next_due_at).toBe(at(1000));
    await cloud.advance(2999);
    expect(subscriber.bodies).toHaveLength(2);
    await cloud.advance(HOUR);
    const [first, ...retries] = subscriber.bodies;
    expect(retries.slice(0, 3)).toEqual([first, first, first]);
    expect(subscriber.bodies).toHaveLength(5);
    expect(subscriber.bodies[4]).not.toBe(first);
  });

  it('lets others pass a webhook that a living subscriber goes on refusing', async () => {
    subscriber.respond = ({ event_type }) => (event_type === 'access_code.created' ? 400 : 200);
    await cloud.create(lock, { code: '1111' });
    await typePin('9999');
    await cloud.advance(60_000);
    expect(subscriber.types).toContain('access_code.incorrect_attempt');
    subscriber.respond = () => 200;
    const before = subscriber.deliveries.length;
    await cloud.advance(2 * HOUR);
    expect(subscriber.types.slice(before)).toEqual(['access_code.created']);
  });

  it('keeps the order through a time in which the subscriber is down', async () => {
    await subscriber.close();
    for (const code of ['1111', '2222', '3333']) await cloud.create(lock, { code });
    await cloud.advance(2 * HOUR);
    await cloud.call('POST', `/simulator/locks/${lock}/faults`, { offline: true });
    await subscriber.listen();
    const { body } = await cloud.advance(4 * HOUR);
    expect(subscriber.types).toEqual([...Array<string>(3).fill('access_code.created'), 'device.offline']);
    await cloud.authorize();
    const order = (await cloud.codes(lock)).map(({ access_code_id }) => access_code_id);
    expect(subscriber.deliveries.slice(0, 3).map(({ access_code_id }) => access_code_id)).toEqual(order);
    expect(body.next_due_at).toBeNull();
  });

  it('gives up after a day', async () => {
    await subscriber.close();
    await cloud.create(lock, { code: '1111' });
    const dayAfter = await cloud.advance(24 * HOUR);
    expect(dayAfter.body.next_due_at).not.toBeNull();
    const later = await cloud.advance(26 * HOUR);
    expect(later.body.next_due_at).toBeNull();
    await subscriber.listen();
    await cloud.advance(48 * HOUR);
    expect(subscriber.deliveries).toEqual([]);
  });

  it('delivers to others while one subscriber hangs', async () => {
    const silent = await Subscriber.start();
    silent.respond = () => undefined;
    await cloud.subscribe(silent.url);
    const arrived = new Promise<void>((resolve) => {
      subscriber.respond = () => {
        if (subscriber.deliveries.length === 3) resolve();
        return 200;
      };
    });
    for (const code of ['1', '2', '3']) await typePin(code);
    await arrived;
    expect(silent.deliveries).toHaveLength(1);
    await silent.close();
  });

  it('takes an address that answers with a redirection, or not at all within five seconds, for a failure', async () => {
    subscriber.respond = () => (subscriber.deliveries.length === 1 ? undefined : 302);
    await typePin('1');
    const { body } = await cloud.advance(0);
    expect(body).toMatchObject({ next_due_at: at(1000), idle: true });
    const again = await cloud.advance(1000);
    expect(again.body.next_due_at).toBe(at(3000));
    expect(subscriber.deliveries).toHaveLength(2);
  }, 15_000);

  it('sends each subscriber what it asked for, once, and nothing of other accounts', async () => {
    const first = await cloud.subscribe(subscriber.url, ['device.offline']);
    const again = await cloud.subscribe(subscriber.url, ['device.online', 'device.removed']);
    expect(again.body).toEqual({ webhook_id: first.body.webhook_id, status: 'active' });
    await cloud.authorize('somebody else');
    const otherSubscriber = await Subscriber.start();
    await cloud.subscribe(otherSubscriber.url);
    await cloud.faults(lock, { offline: true });
    await cloud.faults(lock, { offline: false });
    await cloud.call('DELETE', `/simulator/locks/${lock}`);
    await cloud.addLock({ account: 'somebody else' });
    await cloud.advance(0);
    expect(subscriber.types).toEqual(['device.online', 'device.removed']);
    expect(otherSubscriber.types).toEqual(['device.added']);
    await otherSubscriber.close();
  });

  it('ends with the subscription', async () => {
    await subscriber.close();
    await typePin('1');
    await cloud.advance(0);
    const { body } = await cloud.call('GET', '/webhooks');
    const [webhook] = body.webhooks as { webhook_id: string }[];
    expect(body.webhooks).toMatchObject([{ url: subscriber.url, status: 'active' }]);
    expect((await cloud.call('DELETE', `/webhooks/${webhook?.webhook_id}`)).status).toBe(200);
    expect((await cloud.call('GET', '/webhooks')).body.webhooks).toEqual([]);
    expect((await cloud.advance(0)).body.next_due_at).toBeNull();
  });

  it.each([
    { url: 'ftp://example.com', events: ['device.online'] },
    { url: 'nowhere', events: ['device.online'] },
    { url: 'http://127.0.0.1:1', events: ['device.exploded'] },
    { url: 'http://127.0.0.1:1', events: [] },
  ])('refuses to subscribe %j', async (body) => {
    expect((await cloud.call('POST', '/webhooks', body)).body.error_code).toBe('INVALID_REQUEST');
  });

  it('never puts a PIN into a webhook', async () => {
    await cloud.create(lock, { code: '271828' });
    await cloud.advance(0);
    await typePin('271828');
    await typePin('314159');
    await cloud.advance(0);
    expect(subscriber.types).toEqual([
      'access_code.created',
      'access_code.used',
      'access_code.incorrect_attempt',
    ]);
    expect(subscriber.bodies.join()).not.toMatch(/271828|314159/);
  });
});
