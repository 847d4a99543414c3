import { HOUR, MINUTE } from '@latchkey/platform';
import { apiKeys } from '../cli/api-keys';
import { EventListener } from '../testing/event-source';
import { ServerWorld } from '../testing/server-world';

const PIN = '482193';

let world: ServerWorld;
let listeners: EventListener[] = [];
beforeAll(async () => {
  world = await ServerWorld.start();
}, 60_000);
afterAll(() => world.stop());
afterEach(async () => {
  for (const listener of listeners) await listener.close();
  listeners = [];
});

async function listen(
  query: Record<string, string> = {},
  { key = world.api.key, lastEventId }: { key?: string; lastEventId?: string } = {},
): Promise<EventListener> {
  const listener = await EventListener.open(
    `${world.server.url}/events/stream?${new URLSearchParams(query).toString()}`,
    {
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  );
  listeners.push(listener);
  return listener;
}

async function aCode() {
  const lock = await world.locks.add();
  return world.api.create({ device_id: lock.deviceId, code: PIN, name: 'Guest' });
}

const ids = ({ messages }: EventListener) => messages.map(({ id }) => id);

describe('GET /events/stream', () => {
  it('tells what happens from now on, to everybody who listens, without a PIN', async () => {
    await aCode();
    const [one, other] = [await listen(), await listen()];
    const { access_code_id: id } = await aCode();
    await world.api.advance(MINUTE);
    const isSet = (each: { data: Record<string, unknown> }) =>
      each.data['access_code_id'] === id && each.data['event_type'] === 'access_code.set_on_device';
    const told = await one.first(isSet);
    await other.first(isSet);
    expect(one.answer.headers.get('content-type')).toBe('text/event-stream');
    expect(told.data).toMatchObject({ event_id: told.id, code: null });
    expect(JSON.stringify(one.messages)).not.toMatch(new RegExp(`${PIN}|sealed_pins`));
    expect(ids(other)).toEqual(ids(one));
    const listed = (await world.api.events(id)).map((event) => event.event_id);
    expect(ids(one).filter((each) => listed.includes(each))).toEqual(listed);
  });

  it('resumes after Last-Event-ID, by the id of an event and by its place, and misses none', async () => {
    const { access_code_id: id } = await aCode();
    await world.api.advance(MINUTE);
    const listed = (await world.api.events(id)).map((event) => event.event_id);
    const [first, ...others] = listed;
    const resumed = await listen({ access_code_id: id }, { lastEventId: first! });
    await resumed.first((each) => each.id === listed.at(-1));
    expect(ids(resumed)).toEqual(others);
    const all = await listen({ access_code_id: id }, { lastEventId: '0' });
    await all.first((each) => each.id === listed.at(-1));
    expect(ids(all)).toEqual(listed);
    // And goes on from there.
    await world.api.update(id, { name: 'Cleaner' });
    await resumed.first((each) => !listed.includes(each.id));
  });

  it('begins at `since` and is filtered as events/list is', async () => {
    const before = await aCode();
    await world.api.advance(HOUR);
    const since = new Date(await world.api.now()).toISOString();
    const code = await aCode();
    await world.api.advance(MINUTE);
    const ofTypes = await listen({ since, event_types: 'access_code.created' });
    const ofDevice = await listen({ since, device_id: code.device_id });
    const created = await ofTypes.first((each) => each.data['access_code_id'] === code.access_code_id);
    await ofDevice.first((each) => each.data['event_type'] === 'access_code.set_on_device');
    expect(created.data['event_type']).toBe('access_code.created');
    expect(new Set(ofTypes.messages.map(({ data }) => data['event_type']))).toEqual(
      new Set(['access_code.created']),
    );
    expect(ofDevice.messages.every(({ data }) => data['device_id'] === code.device_id)).toBe(true);
    expect(JSON.stringify(ofTypes.messages)).not.toContain(before.access_code_id);
  });

  it.each([
    ['an event that nobody has heard of', { lastEventId: '00000000-0000-4000-8000-000000000000' }, 404],
    ['a place beyond the end', { lastEventId: '999999999' }, 400],
    ['an invalid id', { lastEventId: 'yesterday' }, 404],
    ['an invalid key', { key: 'seam_nobody' }, 401],
  ])('refuses %s', async (_, asked, status) => {
    await expect(listen({}, asked)).rejects.toThrow(new RegExp(`^Error: ${status} |^${status} `));
  });

  it('refuses parameters that are not its own, and answers HEAD without waiting', async () => {
    await expect(listen({ colour: 'red' })).rejects.toThrow(/^400 /);
    const answer = await fetch(`${world.server.url}/events/stream`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${world.api.key}` },
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  });

  it('ends with a word when its key is revoked', async () => {
    const out: string[] = [];
    const run = (...args: string[]) =>
      apiKeys(
        args,
        { DATA_DIR: world.dataDir, SANDBOX: 'true' },
        (line) => out.push(line),
        (line) => out.push(line),
      );
    expect(await run('make', '--name', 'Dashboard')).toBe(0);
    const key = out.find((line) => line.startsWith('seam_'))!;
    const keyId = /revoke it by: (\S+)/.exec(out.join('\n'))![1]!;
    const listener = await listen({}, { key });
    await aCode();
    await listener.first((each) => each.data['event_type'] === 'access_code.created');
    expect(await run('revoke', keyId)).toBe(0);
    const last = await listener.first((each) => each.event === 'stream_ended');
    expect(last.data).toMatchObject({ type: 'unauthorized' });
    await listener.ended;
    await expect(listen({}, { key })).rejects.toThrow(/^401 /);
  }, 30_000);

  it('knows no event of another workspace', async () => {
    const made: string[] = [];
    const print = (line: string) => void made.push(line);
    await apiKeys(
      ['make', '--name', 'Other', '--new-workspace', 'Elsewhere'],
      { DATA_DIR: world.dataDir },
      print,
      print,
    );
    const key = made.join('\n').match(/seam_\w{43}/)![0];
    const ours = await world.api.events((await aCode()).access_code_id);
    const { event_id: lastEventId } = ours[0]!;
    await expect(listen({}, { key, lastEventId })).rejects.toThrow(/^404 |^Error: 404 /);
    // As if it did not exist: no word of whose it is.
    const unknown = '00000000-0000-4000-8000-000000000000';
    const answers = await Promise.all(
      [lastEventId, unknown].map(async (id) => {
        const answer = await fetch(`${world.server.url}/events/stream`, {
          headers: { authorization: `Bearer ${key}`, 'last-event-id': id },
        });
        return (await answer.text()).replaceAll(id, '').replace(/"request_id":"[^"]*"/, '');
      }),
    );
    expect(answers[0]).toBe(answers[1]);
  });

  it('ends with a word when the server stops, and does not hold it up', async () => {
    const other = await ServerWorld.start();
    const listener = await EventListener.open(`${other.server.url}/events/stream`, {
      authorization: `Bearer ${other.api.key}`,
    });
    const begun = performance.now();
    await other.stop();
    expect(performance.now() - begun).toBeLessThan(7_000);
    await listener.ended;
    expect(listener.messages.at(-1)).toMatchObject({
      event: 'stream_ended',
      data: { type: 'service_unavailable' },
    });
  }, 60_000);
});
