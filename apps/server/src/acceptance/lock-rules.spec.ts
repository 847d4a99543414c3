import { DAY, HOUR, MINUTE, pinsIn, SECOND } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer({ ACCOUNT_POLL_EVERY: 'PT30M' });

const CREATE = '/access_codes/create';
const LONG = 'Countess Eleonora von und zu Hohenschwangau';
const names = async (lock: LockAndDevice) => (await world.locks.codes(lock)).map(({ name }) => name);

describe('a name', () => {
  it.each([
    ['with a drawn PIN', {}],
    ['with a given PIN', { code: '4821' }],
  ])('that is too long for the lock is cut there, and whole in the API: %s', async (_, given) => {
    const { api, locks } = world;
    const rule = { constraint_type: 'name_length', min_length: 2, max_length: 15 };
    const lock = await locks.add({ code_constraints: [rule] });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, name: LONG, ...given });
    await api.advance(MINUTE);
    expect(await names(lock)).toEqual(['Countess Eleono']);
    // Read back, that is what the lock was told, and nobody's meddling.
    await api.advance(DAY);
    expect(await api.get(id)).toMatchObject({ name: LONG, status: 'set', errors: [], warnings: [] });
    expect(await api.eventTypes(id)).not.toContain('access_code.modified_external_to_seam');

    await api.update(id, { name: 'X' });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ name: 'X', status: 'set', pending_mutations: [] });
    expect(await names(lock)).toEqual([expect.stringMatching(/^X \w{6}$/)]);
    const told = (await api.events(id)).filter((event) => event.event_type === 'access_code.name_changed');
    expect(told).toMatchObject([{ from: { name: LONG }, to: { name: 'X' } }]);
  });

  it('is made up on a lock that wants one, for a code that has none', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ code_constraints: [{ constraint_type: 'name_length', min_length: 3 }] });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ name: null, status: 'set', errors: [] });
    expect(await names(lock)).toEqual([expect.stringMatching(/^Code \w{6}$/)]);
  });

  it('that another code on the lock has is made different there, and is the same in the API', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ code_constraints: [{ constraint_type: 'name_must_be_unique' }] });
    const wanted = { device_id: lock.deviceId, name: 'Ann' };
    const ids = [await api.create(wanted), await api.create(wanted)].map((code) => code.access_code_id);
    await api.advance(2 * MINUTE);
    for (const id of ids) expect(await api.get(id)).toMatchObject({ name: 'Ann', status: 'set', errors: [] });
    expect((await names(lock)).sort()).toEqual(['Ann', expect.stringMatching(/^Ann \w{6}$/)]);
  });

  describe('on a lock where names must differ', () => {
    const unique = { constraint_type: 'name_must_be_unique' };
    const atMost = (max_length: number) => ({ constraint_type: 'name_length', max_length });
    const failures = async (ids: readonly string[]) =>
      (await Promise.all(ids.map((id) => world.types(id))))
        .flat()
        .filter((type) => /Failed|External/.test(type));
    const shown = async (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => (await world.api.get(id)).name));

    it.each([
      ['the same', [unique], ['Ann', 'Ann', 'ANN'], /^Ann$/, /^(Ann|ANN) \w{6}$/],
      [
        'the same once they are cut',
        [unique, atMost(15)],
        [LONG, `${LONG} II`, LONG],
        /^Countess Eleono$/,
        /^Countess \w{6}$/,
      ],
      ['none at all', [unique, atMost(8)], [undefined, undefined, undefined], /^Code \w{3}$/, /^Code \w{3}$/],
    ])(
      'codes are set at the first try, though their names are %s',
      async (_, rules, wanted, first, others) => {
        const { api, locks } = world;
        const lock = await locks.add({ code_constraints: rules });
        const ids: string[] = [];
        for (const name of wanted) {
          const code = { device_id: lock.deviceId, ...(name === undefined ? {} : { name }) };
          ids.push((await api.create(code)).access_code_id);
        }
        await api.advance(2 * MINUTE);
        for (const id of ids) expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
        expect(await shown(ids)).toEqual(wanted.map((name) => name ?? null));
        const told = await names(lock);
        expect(new Set(told).size).toBe(ids.length);
        expect(told.filter((name) => first.test(name)).length).toBeGreaterThanOrEqual(1);
        expect(told.filter((name) => first.test(name) || others.test(name))).toHaveLength(ids.length);
        // Read back, each is what it was told.
        await api.advance(DAY);
        expect(await failures(ids)).toEqual([]);
        expect(await names(lock)).toEqual(told);
      },
    );

    it('codes may be renamed to what others are called, and what somebody else has put there counts', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ code_constraints: [unique, atMost(15)] });
      await locks.putByHand(lock, 'Owner', '7351');
      await api.advance(HOUR);
      const wanted = ['Ann', 'Bob', 'Owner'];
      const ids: string[] = [];
      for (const name of wanted)
        ids.push((await api.create({ device_id: lock.deviceId, name })).access_code_id);
      await api.advance(MINUTE);
      await api.update(ids[1]!, { name: 'Ann' });
      await api.advance(MINUTE);
      expect(await shown(ids)).toEqual(['Ann', 'Ann', 'Owner']);
      const tagged = (name: string): unknown => expect.stringMatching(new RegExp(`^${name} \\w{6}$`));
      expect((await names(lock)).sort()).toEqual(['Ann', tagged('Ann'), 'Owner', tagged('Owner')]);
      // Once nobody else is called so, a change gives it its own name.
      await api.delete(ids[0]!);
      await api.advance(MINUTE);
      await api.update(ids[1]!, { code: '918273' });
      await api.advance(DAY);
      expect((await names(lock)).sort()).toEqual(['Ann', 'Owner', tagged('Owner')]);
      expect(await failures(ids)).toEqual([]);
      for (const id of ids.slice(1)) expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
    });

    it('which also cuts them by itself, codes are set', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ code_constraints: [unique], name_characters: 10 });
      const ids: string[] = [];
      for (const name of [LONG, `${LONG} II`])
        ids.push((await api.create({ device_id: lock.deviceId, name })).access_code_id);
      await api.advance(DAY);
      for (const id of ids)
        expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
      expect(new Set(await names(lock)).size).toBe(2);
    });
  });

  it.each([{ name_characters: 10 }, { capital_names: true }, { name_characters: 0 }])(
    'is what a lock makes of it by itself, and is not written over and over: %j',
    async (habit) => {
      const { api, locks } = world;
      const lock = await locks.add(habit);
      const { access_code_id: id } = await api.create({ device_id: lock.deviceId, name: LONG });
      await api.advance(DAY);
      expect(await api.get(id)).toMatchObject({ name: LONG, status: 'set', errors: [], warnings: [] });
      await api.update(id, { name: 'Countess' });
      await api.advance(DAY);
      expect(await api.get(id)).toMatchObject({ name: 'Countess', status: 'set', errors: [] });
      const types = await api.eventTypes(id);
      expect(types.filter((type) => type.startsWith('access_code.modified'))).toEqual([]);
      expect(types.filter((type) => type === 'access_code.name_changed')).toHaveLength(1);
    },
  );

  it('that somebody else has given the code is set back, and is reported', async () => {
    const { api, locks } = world;
    const rule = { constraint_type: 'name_length', max_length: 15 };
    const lock = await locks.add({ code_constraints: [rule] });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, name: LONG });
    await api.advance(MINUTE);
    await locks.changeByHand(lock, (await locks.codes(lock))[0]!, { name: 'Mallory' });
    await api.advance(DAY);
    expect(await names(lock)).toEqual(['Countess Eleono']);
    expect(await api.eventTypes(id)).toContain('access_code.modified_external_to_seam');
  });
});

describe('a lock that takes no start that has passed', () => {
  const rules = { code_constraints: [{ constraint_type: 'start_date_in_future' }] };

  const stay = async (from: number, hours = 4) => {
    const now = await world.api.now();
    return { starts_at: now + from, ends_at: now + from + hours * HOUR };
  };

  it.each([
    ['with a given PIN', { code: '4821' }],
    ['with a drawn PIN', {}],
  ])('is not asked for one: %s', async (_, given) => {
    const { api, locks } = world;
    const lock = await locks.add(rules);
    const { starts_at, ends_at } = await stay(-HOUR);
    const [startsAt, endsAt] = [starts_at, ends_at].map((at) => new Date(at).toISOString());
    const asked = { device_id: lock.deviceId, starts_at: startsAt, ends_at: endsAt, ...given };
    const { status, body } = await api.call(CREATE, asked);
    expect([status, body.error?.type]).toEqual([400, 'invalid_input']);
    expect(body.error?.message).toMatch(/start must lie in the future \(start_date_in_future\)/);
    expect(body.error?.validation_errors).toHaveProperty('starts_at');
  });

  it('lets the guest in within minutes where it was out of reach when the stay began', async () => {
    const { api, locks } = world;
    const lock = await locks.add(rules);
    await locks.faults(lock, { offline: true });
    const window = await stay(10 * MINUTE);
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821', ...window });
    await api.advance(HOUR);
    await locks.faults(lock, { offline: false });
    await api.advance(3 * MINUTE);
    expect(await locks.opens(lock, '4821')).toBe(true);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
    // Read back, the later start is ours.
    await api.advance(HOUR);
    expect(await api.eventTypes(id)).not.toContain('access_code.modified_external_to_seam');
    await api.advanceTo(window.ends_at + MINUTE);
    expect([await locks.opens(lock, '4821'), await locks.codes(lock)]).toEqual([false, []]);
  });

  it('lets the guest in within minutes where somebody erased the code in the middle of the stay', async () => {
    const { api, locks } = world;
    const lock = await locks.add(rules);
    const code = { device_id: lock.deviceId, code: '4821', ...(await stay(10 * MINUTE)) };
    const { access_code_id: id } = await api.create(code);
    await api.advance(HOUR);
    expect(await locks.opens(lock, '4821')).toBe(true);
    await locks.eraseByHand(lock, (await locks.codes(lock))[0]!);
    // The maker tells of it when it is asked the next time.
    await api.advance(35 * MINUTE);
    expect(await locks.opens(lock, '4821')).toBe(true);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
  });

  it('takes a new name, PIN and end for a stay that has begun, and the door stays open to the guest', async () => {
    const { api, locks } = world;
    const lock = await locks.add(rules);
    const window = await stay(10 * MINUTE);
    const code = { device_id: lock.deviceId, code: '4821', ...window };
    const { access_code_id: id } = await api.create(code);
    await api.advance(HOUR);
    await api.update(id, { name: 'Guest' });
    await api.advance(5 * SECOND);
    expect(await locks.opens(lock, '4821')).toBe(true);
    await api.update(id, { ends_at: window.ends_at + HOUR });
    await api.advance(5 * SECOND);
    await api.update(id, { code: '4822' });
    await api.advance(5 * SECOND);
    expect(await locks.opens(lock, '4822')).toBe(true);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], pending_mutations: [] });
    await api.advanceTo(window.ends_at + HOUR - SECOND);
    expect(await locks.opens(lock, '4822')).toBe(true);
    const moved = { access_code_id: id, starts_at: new Date(window.starts_at - HOUR).toISOString() };
    expect((await api.call('/access_codes/update', moved)).status).toBe(400);
  });

  it('takes a start that is rounded into the past, and keeps no guest waiting for the next step', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ ...rules, time_step_minutes: 60 });
    const hour = Math.ceil((await api.now()) / HOUR) * HOUR;
    await api.advanceTo(hour + 5 * MINUTE);
    const window = { starts_at: hour + 10 * MINUTE, ends_at: hour + 2 * HOUR };
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821', ...window });
    await api.advanceTo(hour + 10 * MINUTE);
    expect(await locks.opens(lock, '4821')).toBe(true);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
    await api.advanceTo(hour + 2 * HOUR + MINUTE);
    expect(await locks.opens(lock, '4821')).toBe(false);
  });
});

describe('rules about the other codes on a lock', () => {
  it('are kept when a PIN is given, and the rule is named', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ code_constraints: [{ constraint_type: 'unique_first_four_digits' }] });
    const window = { starts_at: (await api.now()) + DAY, ends_at: (await api.now()) + 2 * DAY };
    const first = await api.create({ device_id: lock.deviceId, code: '482100', ...window });
    const asked = { device_id: lock.deviceId, code: '482199' };
    const { status, body } = await api.call(CREATE, asked);
    expect([status, body.error?.type]).toEqual([400, 'invalid_input']);
    expect(body.error?.message).toContain('(unique_first_four_digits)');
    expect(pinsIn(JSON.stringify(body), '4821', '482100', '482199')).toEqual([]);
    // At another time they are nobody's.
    const after = { starts_at: window.ends_at + HOUR, ends_at: window.ends_at + 2 * HOUR };
    const other = await api.create({ ...asked, ...after });
    const moved = {
      access_code_id: other.access_code_id,
      starts_at: new Date(window.starts_at).toISOString(),
    };
    expect((await api.call('/access_codes/update', { ...moved, code: '482199' })).status).toBe(400);
    await api.delete(first.access_code_id);
    await api.advance(MINUTE);
    await api.update(other.access_code_id, { starts_at: window.starts_at, code: '482199' });
  });

  it('are kept when PINs are drawn, for one lock and for several', async () => {
    const { api, locks } = world;
    const rules = { code_constraints: [{ constraint_type: 'unique_first_four_digits' }] };
    const lock = await locks.add({ ...rules, supported_code_lengths: [5] });
    const other = await locks.add({ supported_code_lengths: [5] });
    for (let nth = 0; nth < 15; nth++) await api.create({ device_id: lock.deviceId });
    const device_ids = [other.deviceId, lock.deviceId];
    await api.ask('/access_codes/create_multiple', { device_ids });
    await api.advance(HOUR);
    const codes = await locks.codes(lock);
    expect(codes).toHaveLength(16);
    expect(new Set(codes.map(({ code }) => code.slice(0, 4))).size).toBe(16);
  });

  it('let a PIN be drawn that is known to be of the set that the lock takes', async () => {
    const { api, locks } = world;
    const rule = { constraint_type: 'pin_code_matches_existing_set', pin_codes: ['1357', '2468'] };
    const lock = await locks.add({ code_constraints: [rule] });
    const now = await api.now();
    const onDay = (day: number) => ({
      device_id: lock.deviceId,
      ...{ starts_at: now + day * DAY, ends_at: now + day * DAY + HOUR },
    });
    const none = await api.call(CREATE, { device_id: lock.deviceId });
    expect([none.status, none.body.error?.type]).toEqual([409, 'no_code_available']);
    expect(none.body.error?.message).toContain('pin_code_matches_existing_set');
    await api.create({ ...onDay(1), code: '1357' });
    expect(await api.create(onDay(2))).toMatchObject({ code: '1357' });
    // One that the lock does not take is no dead code: the set may come to hold it.
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '9999' });
    await api.advance(MINUTE);
    expect((await api.get(id)).errors.map(({ error_code }) => error_code)).not.toContain(
      'code_constraints_violated',
    );
  });
});
