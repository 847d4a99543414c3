import { HOUR, iso, MINUTE } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';
import { Api } from '../testing/api';
import { apiKeys } from '../cli/api-keys';

type Body = Record<string, unknown>;
interface Opener extends Body {
  readonly access_code_id: string;
  readonly certainty: 'verified' | 'acknowledged' | 'unknown';
}
interface Change extends Body {
  readonly at: string;
  readonly change_type: string;
  readonly access_code_id: string | null;
}

const world = useServer();

const history = async (filter: object): Promise<Body[]> =>
  (await world.api.ask<{ audit_entries: Body[] }>('/audit/history', filter)).audit_entries;

const openersAt = async ({ deviceId: device_id }: LockAndDevice, at: number): Promise<Opener[]> => {
  const asked = { device_id, at: iso(at) };
  return (await world.api.ask<{ audit_door: { openers: Opener[] } }>('/audit/door_at', asked)).audit_door
    .openers;
};

const changes = async (
  { deviceId: device_id }: LockAndDevice,
  from: number,
  to: number,
): Promise<Change[]> => {
  const all: Change[] = [];
  for (let page_cursor: string | null | undefined; page_cursor !== null;) {
    const asked = { device_id, from: iso(from), to: iso(to), limit: 3, page_cursor };
    const page = await world.api.ask<{
      audit_door_changes: Change[];
      pagination: { next_page_cursor: string | null };
    }>('/audit/door_between', asked);
    all.push(...page.audit_door_changes);
    page_cursor = page.pagination.next_page_cursor;
  }
  return all;
};

async function keyWith(...options: string[]): Promise<Api> {
  const out: string[] = [];
  const print = (line: string) => void out.push(line);
  await apiKeys(['make', '--name', 'Other', ...options], { DATA_DIR: world.dataDir }, print, print);
  return new Api(world.api.url, /^seam_\w{43}$/m.exec(out.join('\n'))![0]);
}

describe('the history of a code', () => {
  it('tells who asked for what, in which request, and what the lock said, and nothing of its PIN', async () => {
    const lock = await world.locks.add();
    const answer = await fetch(`${world.api.url}/access_codes/create`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.api.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ device_id: lock.deviceId, code: '739155', name: 'Guest' }),
    });
    const request_id = answer.headers.get('seam-request-id');
    const { access_code_id } = ((await answer.json()) as { access_code: Body }).access_code;
    await world.api.advance(MINUTE);

    const entries = await history({ access_code_id });
    expect(entries.map(({ event_type }) => event_type)).toEqual([
      'CodeRequested',
      'ProgrammingStarted',
      'ProgrammingAccepted',
      'SetOnDevice',
    ]);
    expect(entries[0]).toMatchObject({
      actor: { type: 'api_key', id: expect.any(String) },
      request_id,
      caused_by: request_id,
      device_id: lock.deviceId,
      connected_account_id: expect.any(String),
      detail: { name: 'Guest', schedule: null },
    });
    for (const { occurred_at, recorded_at } of entries) {
      expect(Number.isNaN(Date.parse(occurred_at as string))).toBe(false);
      expect(Math.abs(Date.parse(recorded_at as string) - Date.now())).toBeLessThan(10 * MINUTE);
    }
    expect(JSON.stringify(entries)).not.toMatch(/739155|"pin(_|")|fingerprint|"box"|key_id/);
    expect((await history({ request_id })).map(({ event_type }) => event_type)).toEqual(['CodeRequested']);
  });

  it('is what its timeline is told from', async () => {
    const lock = await world.locks.add();
    const { access_code_id } = await world.api.create({ device_id: lock.deviceId, code: '739156' });
    await world.api.advance(MINUTE);
    await world.api.ask('/access_codes/delete', { access_code_id });
    await world.api.advance(MINUTE);
    const entries = await history({ access_code_id });
    const { timeline_events } = await world.api.ask<{ timeline_events: Body[] }>(
      '/access_codes/get_timeline',
      { access_code_id },
    );
    const occurred = new Map(entries.map(({ event_id, occurred_at }) => [event_id, occurred_at]));
    expect(timeline_events.map(({ event_type }) => event_type)).toEqual(
      expect.arrayContaining([
        'access_code.created',
        'access_code.set_on_device',
        'access_code.removed_from_device',
      ]),
    );
    // A removal is told twice: that the code is off its lock, and that it is gone.
    const told = timeline_events.filter(({ timeline_event_id }) => occurred.has(timeline_event_id));
    expect(timeline_events.length - told.length).toBe(1);
    expect(told.map(({ occurred_at }) => occurred_at)).toEqual(
      told.map(({ timeline_event_id }) => occurred.get(timeline_event_id)),
    );
  });

  it('is found by lock, account and API key as well, and comes in pages', async () => {
    const lock = await world.locks.add();
    const { access_code_id } = await world.api.create({ device_id: lock.deviceId });
    await world.api.advance(MINUTE);
    const ofLock = await history({ device_id: lock.deviceId });
    expect(ofLock[0]).toMatchObject({ event_type: 'DeviceAdded' });
    expect(ofLock).toEqual(expect.arrayContaining(await history({ access_code_id })));
    const { connected_account_id, actor } = ofLock.find((entry) => entry.event_type === 'CodeRequested')!;
    const ofAccount = await history({ connected_account_id });
    expect(ofAccount).toEqual(expect.arrayContaining(ofLock));
    const ofKey = await history({ api_key_id: (actor as Body)['id'] });
    expect(ofKey.every((entry) => (entry['actor'] as Body)['type'] === 'api_key')).toBe(true);

    const paged: Body[] = [];
    for (let page_cursor: string | null | undefined; page_cursor !== null;) {
      const page = await world.api.ask<{
        audit_entries: Body[];
        pagination: { next_page_cursor: string | null };
      }>('/audit/history', { device_id: lock.deviceId, limit: 2, page_cursor });
      paged.push(...page.audit_entries);
      page_cursor = page.pagination.next_page_cursor;
    }
    expect(paged).toEqual(await history({ device_id: lock.deviceId }));
    const types = ['CodeRequested'];
    expect(await history({ device_id: lock.deviceId, event_types: types, limit: 1 })).toHaveLength(1);
  });
});

describe('who may ask', () => {
  it('is a key with the permission, of its own workspace alone', async () => {
    const lock = await world.locks.add();
    const now = await world.api.now();
    const { access_code_id } = await world.api.create({ device_id: lock.deviceId });
    const [plain, theirs] = [await keyWith(), await keyWith('--audit', '--new-workspace', 'Elsewhere')];
    expect((await plain.call('/audit/history', {})).body.error?.type).toBe('forbidden');
    expect((await plain.call('/audit/door_at', { device_id: lock.deviceId, at: iso(now) })).status).toBe(403);
    expect(await theirs.ask('/audit/history', { access_code_id })).toMatchObject({ audit_entries: [] });
    const device_id = lock.deviceId;
    const span = { from: iso(now), to: iso(now) };
    const answers = [
      await theirs.call('/audit/door_at', { device_id, at: iso(now) }),
      await theirs.call('/audit/door_between', { device_id, ...span }),
    ];
    expect(answers.map(({ body }) => body.error?.type)).toEqual(['device_not_found', 'device_not_found']);
  });

  it('is told that no fact has a type, rather than that there is none', async () => {
    const asked = { event_types: ['CodeRequested', 'access_code.created'] };
    expect((await world.api.call('/audit/history', asked)).body.error).toMatchObject({
      type: 'invalid_input',
      message: 'No fact has the type access_code.created.',
    });
  });

  it('is told what is wrong with a span', async () => {
    const { deviceId: device_id } = await world.locks.add();
    const backwards = { device_id, from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
    expect((await world.api.call('/audit/door_between', backwards)).body.error).toMatchObject({
      type: 'invalid_input',
      validation_errors: { to: { _errors: ['is before from'] } },
    });
  });
});

describe('the door at an instant', () => {
  it('before the lock was known, and of one without codes, is opened by nobody', async () => {
    const lock = await world.locks.add();
    expect(await openersAt(lock, 0)).toEqual([]);
    expect(await openersAt(lock, await world.api.now())).toEqual([]);
  });

  it('in the future is refused, and a span ends with what has happened', async () => {
    const { api } = world;
    const lock = await world.locks.add();
    const now = await api.now();
    const window = { starts_at: now + HOUR, ends_at: now + 2 * HOUR };
    await api.create({ device_id: lock.deviceId, code: '482616', ...window });
    const begun = await api.advance(HOUR + MINUTE);
    const asked = { device_id: lock.deviceId, at: iso(begun + HOUR) };
    expect((await api.call('/audit/door_at', asked)).body.error).toMatchObject({
      type: 'invalid_input',
      validation_errors: { at: { _errors: ['is in the future'] } },
    });
    const told = await changes(lock, now - 1, begun + 24 * HOUR);
    expect(told.map(({ change_type }) => change_type)).toContain('opens');
    expect(told.every(({ at }) => Date.parse(at) <= begun)).toBe(true);
  });

  it('says unknown of a code whose removal went unanswered, and verified before', async () => {
    const lock = await world.locks.add();
    const { access_code_id } = await world.api.create({ device_id: lock.deviceId, code: '482615' });
    const set = await world.api.advance(MINUTE);
    expect(await openersAt(lock, set)).toMatchObject([{ access_code_id, certainty: 'verified' }]);
    await world.locks.faults(lock, { latency_ms: 20_000 });
    await world.api.advance(MINUTE);
    await world.api.delete(access_code_id);
    const removing = await world.api.advance(5_000);
    expect(await openersAt(lock, removing)).toMatchObject([{ access_code_id, certainty: 'unknown' }]);
    const gone = await world.api.advance(HOUR);
    expect(await openersAt(lock, gone)).toEqual([]);
    // What was the case stays as it was.
    expect(await openersAt(lock, set)).toMatchObject([{ access_code_id, certainty: 'verified' }]);
  });

  it.each([true, false])(
    'agrees with the keypad at every instant that was tried (native scheduling: %s)',
    async (native_scheduling) => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const begin = await api.now();
      const pins = new Map<string, string>();
      const add = async (code: string, starts_at?: number, ends_at?: number) => {
        const window = starts_at === undefined ? {} : { starts_at, ends_at };
        pins.set((await api.create({ device_id: lock.deviceId, code, ...window })).access_code_id, code);
      };
      await add('111222', begin + HOUR, begin + 3 * HOUR);
      await add('222333', begin + 2 * HOUR, begin + 5 * HOUR);
      await add('333444');
      const [first] = pins.keys();
      const tried: { at: number; opened: string[] }[] = [];
      const agreed = { verified: 0, closed: 0 };
      for (let step = 0; step < 24; step++) {
        if (step === 6) await api.update(first!, { ends_at: begin + 4 * HOUR });
        if (step === 14) await api.delete([...pins.keys()][2]!);
        const at = await api.advance(17 * MINUTE);
        const opened: string[] = [];
        for (const [id, pin] of pins) if (await locks.opens(lock, pin)) opened.push(id);
        tried.push({ at, opened });
      }
      const wrong: string[] = [];
      for (const { at, opened } of tried) {
        const openers = await openersAt(lock, at);
        for (const id of pins.keys()) {
          const certainty =
            openers.find(({ access_code_id }) => access_code_id === id)?.certainty ?? 'closed';
          if (certainty === 'verified' || certainty === 'closed') agreed[certainty]++;
          const says = { verified: true, closed: false, acknowledged: undefined, unknown: undefined }[
            certainty
          ];
          if (says !== undefined && says !== opened.includes(id))
            wrong.push(`${id} at ${iso(at)}: ${certainty}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(agreed.verified).toBeGreaterThan(15);
      expect(agreed.closed).toBeGreaterThan(15);
      const told = await changes(lock, begin, tried.at(-1)!.at);
      expect(told.map(({ at }) => at)).toEqual(told.map(({ at }) => at).sort());
      for (const { at } of tried) {
        const open = new Set<string>();
        for (const change of told.filter((each) => Date.parse(each.at) <= at)) {
          if (change.change_type === 'no_longer_opens') open.delete(change.access_code_id!);
          else if (/^opens/.test(change.change_type)) open.add(change.access_code_id!);
        }
        expect([...open].sort()).toEqual(
          (await openersAt(lock, at)).map(({ access_code_id }) => access_code_id).sort(),
        );
      }
      // Those who tried were at the door.
      expect(told.filter(({ change_type }) => change_type === 'unlocked').length).toBeGreaterThan(1);
      expect(told.filter(({ change_type }) => change_type === 'denied').length).toBeGreaterThan(1);
    },
  );
});

async function linesOf(path: string, accept: string, filter: Record<string, string>) {
  const answer = await fetch(`${world.api.url}${path}?${new URLSearchParams(filter).toString()}`, {
    headers: { authorization: `Bearer ${world.api.key}`, accept },
  });
  const type = answer.headers.get('content-type');
  return { status: answer.status, type, lines: (await answer.text()).split(/\r?\n/).slice(0, -1) };
}

describe('the door over a span as lines', () => {
  const lines = (accept: string, filter: Record<string, string>) =>
    linesOf('/audit/door_between', accept, filter);

  it('is the same as in pages, to its end', async () => {
    const lock = await world.locks.add();
    // The sandbox's clock stands still until it is advanced.
    const from = (await world.api.now()) - 1;
    await world.api.create({ device_id: lock.deviceId, code: '482194', name: 'Ada, "the guest"' });
    await world.api.advance(MINUTE);
    await world.locks.opens(lock, '482194');
    await world.locks.opens(lock, '111111');
    const to = await world.api.advance(MINUTE);
    const paged = await changes(lock, from, to);
    expect(paged.map(({ change_type }) => change_type)).toEqual(
      expect.arrayContaining(['opens', 'unlocked', 'denied']),
    );
    const span = { device_id: lock.deviceId, from: iso(from), to: iso(to) };
    const json = await lines('application/jsonl', span);
    expect(json.type).toBe('application/jsonl; charset=utf-8');
    expect(json.lines.map((line) => JSON.parse(line) as Body)).toEqual(paged);
    const csv = await lines('text/csv', span);
    expect(csv.type).toBe('text/csv; charset=utf-8');
    expect(csv.lines).toHaveLength(paged.length + 1);
    expect(csv.lines[0]).toMatch(/^at,change_type,access_code_id,name,certainty,/);
    expect(csv.lines[1]).toContain(`,"Ada, ""the guest""",`);
    expect([...json.lines, ...csv.lines].join()).not.toContain('482194');
  });

  it('is refused as pages are', async () => {
    const span = { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };
    const nobody = await lines('text/csv', { device_id: 'c1e9f1a2-0000-4000-8000-000000000000', ...span });
    expect(nobody.status).toBe(404);
  });
});

describe('a history as lines', () => {
  const lines = (accept: string, filter: Record<string, string>) => linesOf('/audit/history', accept, filter);

  it('is the same as in pages, to its end, with the names of API keys and without PINs', async () => {
    const lock = await world.locks.add();
    const { access_code_id } = await world.api.create({
      device_id: lock.deviceId,
      code: '482193',
      name: '=1+1',
    });
    await world.api.advance(MINUTE);
    const paged = await history({ access_code_id });
    expect(paged[0]!['actor']).toMatchObject({ type: 'api_key', name: 'Sandbox' });
    // A page of two at a time.
    const json = await lines('application/jsonl', { access_code_id, limit: '2' });
    expect(json.type).toBe('application/jsonl; charset=utf-8');
    expect(json.lines.map((line) => JSON.parse(line) as Body)).toEqual(paged);
    const csv = await lines('text/csv', { access_code_id, limit: '2' });
    expect(csv.type).toBe('text/csv; charset=utf-8');
    expect(csv.lines[0]).toMatch(
      /^occurred_at,recorded_at,event_type,event_id,actor_type,actor_id,actor_name/,
    );
    expect(csv.lines).toHaveLength(paged.length + 1);
    expect(csv.lines[1]).toContain(',CodeRequested,');
    expect([...json.lines, ...csv.lines].join()).not.toContain('482193');
  });

  it('is refused as pages are', async () => {
    expect((await lines('text/csv', { access_code_id: 'nobody' })).status).toBe(400);
  });
});
