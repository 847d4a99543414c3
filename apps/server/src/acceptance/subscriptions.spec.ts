import { join } from 'node:path';
import { AccessDeniedError, EventStoreDBClient, PARK } from '@eventstore/db-client';
import { MINUTE, until } from '@latchkey/platform';
import { apiKeys } from '../cli/api-keys';
import { latchkey } from '../cli/latchkey';
import { Api } from '../testing/api';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
const PIN = '582941';

async function ask(path: string, params: object = {}) {
  return world.api.ask<Record<string, Body>>(`/subscriptions/${path}`, params);
}

interface Login {
  readonly login: string;
  readonly password: string;
  readonly address: string;
}

const clients: EventStoreDBClient[] = [];
world.beforeStop(async () => {
  for (const client of clients) await client.dispose();
});

function clientOf({ address, password }: Login): EventStoreDBClient {
  const authority = join(world.dataDir, 'eventstore/tls/ca.crt');
  const client = EventStoreDBClient.connectionString(
    address.replace('PASSWORD', password).replace('tlsCAFile=ca.crt', `tlsCAFile=${authority}`),
  );
  clients.push(client);
  return client;
}

/** Consumes and parks what it is told to; what it has seen. */
function consume(
  client: EventStoreDBClient,
  stream: string,
  group: string,
  parks: (type: string) => boolean,
) {
  const seen: string[] = [];
  const ended: unknown[] = [];
  const consumer = client.subscribeToPersistentSubscriptionToStream(stream, group);
  consumer.on('error', (error) => ended.push(error));
  consumer.on('data', (resolved) => {
    const { type } = resolved.event!;
    seen.push(type);
    if (parks(type)) void consumer.nack(PARK, `nothing is known of ${type}`, resolved);
    else void consumer.ack(resolved);
  });
  return { seen, ended, consumer };
}

const countOf = async (name: string, what: string) => (await ask('get', { name })).subscription![what];

describe('a subscription', () => {
  let login: Login;
  let stream: string;
  let client: EventStoreDBClient;

  it('is made from the beginning with a login of its own, which reads that stream as that group alone', async () => {
    const lock = await world.locks.add();
    await world.api.create({ device_id: lock.deviceId, code: PIN });
    await world.api.advance(MINUTE);
    const made = await ask('create', {
      name: 'booking',
      start_from: 'beginning',
      make_login: true,
      max_retries: 2,
    });
    expect(made.subscription).toMatchObject({
      ...{ name: 'booking', max_retries: 2, message_timeout_seconds: 30, buffer_size: 500 },
      ...{ strategy: 'RoundRobin', parked_count: 0, consumers: [] },
    });
    expect(made.subscription!.lag).toBeGreaterThan(3);
    login = made.subscriber_login as unknown as Login;
    stream = made.subscription!.stream as string;
    await ask('create', { name: 'others' });
    client = clientOf(login);
    const denied = consume(client, stream, 'others', () => false);
    await until(() => denied.ended.length > 0);
    expect(denied.ended[0]).toBeInstanceOf(AccessDeniedError);
    const gone = client.deletePersistentSubscriptionToStream(stream, 'booking');
    await expect(gone).rejects.toThrow(AccessDeniedError);
  });

  it('tells who consumes and what is parked, why and without a PIN; some is tried again, some dropped', async () => {
    const knows = new Set<string>();
    const { seen, consumer } = consume(
      client,
      stream,
      'booking',
      (type) => type.startsWith('access_code.') && !knows.has(type),
    );
    await until(() => seen.includes('access_code.set_on_device'));
    await until(
      async () =>
        (await countOf('booking', 'parked_count')) ===
        seen.filter((type) => type.startsWith('access_code.')).length,
    );
    const { subscription } = await ask('get', { name: 'booking' });
    expect(subscription!.consumers).toMatchObject([{ login: login.login }]);
    const parked = (await ask('list_parked', { name: 'booking' })).parked_events as unknown as (Body & {
      number: number;
      event: Body;
    })[];
    expect(JSON.stringify(parked)).not.toMatch(new RegExp(`${PIN}|sealed_pins`));
    expect(parked[0]!.reason).toContain('nothing is known of access_code.');
    const created = parked.find(({ event }) => event.event_type === 'access_code.created')!;
    const ended = await ask('drop_parked', { name: 'booking', numbers: [created.number] });
    expect(ended.parked_events_dropped).toEqual({ count: 1 });
    const [next] = (await ask('list_parked', { name: 'booking', limit: 1 }))
      .parked_events as unknown as typeof parked;
    const type = next!.event.event_type as string;
    const before = seen.length;
    knows.add(type);
    const again = await ask('replay_parked', { name: 'booking', numbers: [next!.number] });
    expect(again.parked_events_replayed).toEqual({ count: 1 });
    await until(() => seen.length > before);
    expect(seen.slice(before)).toEqual([type]);
    await until(async () => (await countOf('booking', 'parked_count')) === parked.length - 2);
    const rest = await ask('drop_parked', { name: 'booking', all: true });
    expect(rest.parked_events_dropped).toEqual({ count: parked.length - 2 });
    await consumer.unsubscribe();
  });

  it('is changed, and ends with its login: what runs under it is cut off', async () => {
    const updated = await ask('update', { name: 'booking', message_timeout_seconds: 5 });
    expect(updated.subscription).toMatchObject({ max_retries: 2, message_timeout_seconds: 5 });
    const { ended } = consume(client, stream, 'booking', () => false);
    await until(async () => ((await countOf('booking', 'consumers')) as unknown[]).length === 1);
    await ask('delete', { name: 'booking' });
    await until(() => ended.length > 0);
    expect((await ask('list')).subscriptions).toMatchObject([{ name: 'others' }]);
    await expect(client.readStream(stream)[Symbol.asyncIterator]().next()).rejects.toThrow();
  });

  it('begins at an instant', async () => {
    const lock = await world.locks.add();
    const since = new Date((await world.api.now()) + MINUTE).toISOString();
    await world.api.advance(2 * MINUTE);
    await world.api.create({ device_id: lock.deviceId });
    const made = await ask('create', { name: 'late', since, make_login: true });
    const late = consume(clientOf(made.subscriber_login as unknown as Login), stream, 'late', () => false);
    await until(() => late.seen.length > 0);
    expect(late.seen[0]).toBe('access_code.created');
    await ask('delete', { name: 'late' });
  });
});

describe('what can not be', () => {
  it.each([
    ['create', { name: 'others' }, 409, 'subscription_exists'],
    ['create', { name: 'a::b' }, 400, 'invalid_input'],
    ['create', { name: 'new', position: 1_000_000 }, 400, 'invalid_input'],
    ['create', { name: 'new', position: 1, start_from: 'end' }, 400, 'invalid_input'],
    ['create', { name: 'new', since: '2999-01-01T00:00:00Z' }, 400, 'invalid_input'],
    ['get', { name: 'nobody' }, 404, 'subscription_not_found'],
    ['update', { name: 'nobody', max_retries: 1 }, 404, 'subscription_not_found'],
    ['delete', { name: 'nobody' }, 404, 'subscription_not_found'],
    ['list_parked', { name: 'nobody' }, 404, 'subscription_not_found'],
    ['replay_parked', { name: 'others', numbers: [7] }, 404, 'parked_event_not_found'],
    ['drop_parked', { name: 'others' }, 400, 'invalid_input'],
    ['drop_parked', { name: 'others', all: true, first: 1 }, 400, 'invalid_input'],
  ])('%s %j is refused with a word why', async (path, params, status, type) => {
    const answer = await world.api.call(`/subscriptions/${path}`, params);
    expect([answer.status, answer.body.error?.type]).toEqual([status, type]);
  });

  it('a key without the permission manages none', async () => {
    const out: string[] = [];
    const print = (line: string) => void out.push(line);
    await apiKeys(['make', '--name', 'Other'], { DATA_DIR: world.dataDir }, print, print);
    const other = new Api(world.api.url, /^seam_\w{43}$/m.exec(out.join('\n'))![0]);
    expect((await other.call('/subscriptions/list')).status).toBe(403);
    const made = ['make', '--name', 'Subscriber', '--subscriptions'];
    await apiKeys(made, { DATA_DIR: world.dataDir }, print, print);
    const allowed = new Api(world.api.url, out.filter((line) => line.startsWith('seam_')).at(-1)!);
    expect((await allowed.call('/subscriptions/list')).status).toBe(200);
  });
});

describe('on the command line', () => {
  async function run(...args: string[]) {
    const [out, complaints]: [string[], string[]] = [[], []];
    const env = { DATA_DIR: world.dataDir, EVENTSTORE_PORT: String(world.eventstorePort) };
    const code = await latchkey(
      ['subscriptions', ...args],
      env,
      (line) => out.push(line),
      (line) => complaints.push(line),
    );
    return { code, out: out.join('\n'), complaint: complaints.join('\n') };
  }

  async function loginOf(subscription: string): Promise<Login> {
    const shown: string[] = [];
    const print = (line: string) => void shown.push(line);
    const env = { DATA_DIR: world.dataDir, EVENTSTORE_PORT: String(world.eventstorePort) };
    await latchkey(
      ['subscribers', 'make', '--name', 'Late', '--subscription', subscription],
      env,
      print,
      print,
    );
    const [, login, password, address] = /login +(\S+)\n *password +(\S+)\n[^]*(esdb:\S+)/.exec(
      shown.join('\n'),
    )!;
    return { login: login!, password: password!, address: address! };
  }

  it('they are made, shown, changed and deleted, of a workspace and of all', async () => {
    for (const where of [[], ['--all']]) {
      expect(
        await run('create', 'everything', '--from', 'beginning', '--timeout', '7', ...where),
      ).toMatchObject({ code: 0 });
      const listed = await run('list', '--json', ...where);
      const groups = listed.out.split('\n').map((line) => JSON.parse(line) as Body);
      expect(groups.find(({ name }) => name === 'everything')).toMatchObject({ timeout_seconds: 7 });
      expect((await run('update', 'everything', '--max-retries', '1', ...where)).code).toBe(0);
      expect((await run('list', ...where)).out).toMatch(/^name +status +consumers/);
      expect((await run('parked', 'everything', ...where)).out).toBe('Nothing is parked.');
      expect((await run('drop', 'everything', '--everything', ...where)).out).toBe(
        '0 parked events are forgotten.',
      );
      expect((await run('delete', 'everything', ...where)).code).toBe(0);
    }
  });

  it('one begins at an instant', async () => {
    const lock = await world.locks.add();
    const since = new Date((await world.api.now()) + MINUTE).toISOString();
    await world.api.advance(2 * MINUTE);
    await world.api.create({ device_id: lock.deviceId });
    // As soon as it is made, all before it is in the feed, by which the command finds the instant.
    await ask('create', { name: 'same', since });
    await ask('delete', { name: 'same' });
    expect(await run('create', 'since', '--since', since)).toMatchObject({ code: 0, complaint: '' });
    const stream = (await ask('get', { name: 'since' })).subscription!.stream as string;
    const late = consume(clientOf(await loginOf('since')), stream, 'since', () => false);
    await until(() => late.seen.length > 0);
    expect(late.seen[0]).toBe('access_code.created');
    expect((await run('delete', 'since')).code).toBe(0);
  });

  it.each([
    [['create', 'x', '--since', '2999-01-01T00:00:00Z'], /^--since is in the future: it is 20/],
    [['create', 'x', '--since', 'yesterday'], /--since/],
    [['create', 'x', '--since', '2020-01-01T00:00:00Z', '--all'], /leave out --all/],
    [['create', 'x', '--since', '2020-01-01T00:00:00Z', '--from', 'end'], /once where it begins/],
    [['delete', 'nobody'], /no such subscription/],
    [['create', 'others'], /of that name already/],
    [['retry', 'others'], /Say which/],
    [['drop', 'others', '--number', '3'], /no message is parked under 3/],
    [['create', 'x', '--all', '--revision', '1'], /leave out --all/],
    [['create', 'x', '--buffer', 'many'], /whole number/],
  ])('%j is refused with a word why', async (args, complaint) => {
    const result = await run(...args);
    expect(result.code).toBe(1);
    expect(result.complaint).toMatch(complaint);
  });
});
