import { DAY, HOUR, iso, MINUTE, pinsIn, SECOND } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();

describe('two codes with one PIN on one lock', () => {
  it('are refused if their windows overlap, accepted if not', async () => {
    const { api, locks } = world;
    const { deviceId: device_id } = await locks.add();
    const start = (await api.now()) + DAY;
    const first = await api.create({
      device_id,
      code: '4821',
      starts_at: start,
      ends_at: start + 2 * HOUR,
    });
    const attempt = (params: object) =>
      api.call('/access_codes/create', { device_id, code: '4821', ...params });
    const overlapping = [
      {},
      { starts_at: iso(start), ends_at: iso(start + 2 * HOUR) },
      { starts_at: iso(start + 2 * HOUR - 1), ends_at: iso(start + 3 * HOUR) },
      { starts_at: iso(start - HOUR), ends_at: iso(start + 1) },
      { starts_at: iso(start - HOUR), ends_at: iso(start + 5 * HOUR) },
    ];
    for (const window of overlapping) {
      const refused = await attempt(window);
      expect(refused.status).toBe(409);
      expect(refused.body.error).toMatchObject({ type: 'duplicate_access_code' });
      expect(pinsIn(JSON.stringify(refused.body), '4821')).toEqual([]);
    }
    const { access_codes } = await api.ask<{ access_codes: unknown[] }>('/access_codes/list', { device_id });
    expect(access_codes).toHaveLength(1);

    expect((await attempt({ starts_at: iso(start + 2 * HOUR), ends_at: iso(start + 3 * HOUR) })).status).toBe(
      200,
    );
    expect((await attempt({ starts_at: iso(start - HOUR), ends_at: iso(start) })).status).toBe(200);
    const other = await locks.add();
    expect((await attempt({ device_id: other.deviceId })).status).toBe(200);

    // A change is judged in the same way, and changes nothing when it is refused.
    const moved = { access_code_id: first.access_code_id, ends_at: iso(start + 2 * HOUR + 1) };
    expect((await api.call('/access_codes/update', moved)).status).toBe(409);
    expect(await api.get(first.access_code_id)).toMatchObject({ ends_at: first.ends_at });
  });

  it.each([true, false])(
    'in adjacent windows each open in its own (native scheduling: %s)',
    async (native) => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling: native });
      const start = (await api.now()) + 2 * HOUR;
      const end = start + 2 * HOUR;
      const create = (starts_at: number, ends_at: number) =>
        api.create({ device_id: lock.deviceId, code: '4821', starts_at, ends_at });
      // The later one is asked for first: what counts is whose window comes first.
      const second = await create(end, end + HOUR);
      const first = await create(start, end);
      const statuses = async () => [
        await api.status(first.access_code_id),
        await api.status(second.access_code_id),
        await locks.opens(lock, '4821'),
      ];
      await api.advanceTo(start + 1);
      expect(await statuses()).toEqual(['set', 'unset', true]);
      await api.advanceTo(end - 1);
      expect((await statuses())[0]).toBe('set');
      await api.advanceTo(end + 3 * SECOND);
      expect(await statuses()).toEqual([404, 'set', true]);
      await api.advanceTo(end + HOUR + SECOND);
      expect(await statuses()).toEqual([404, 404, false]);
    },
  );

  it('in windows far apart do not wait for each other any longer than the lock has to', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const create = (starts_at: number, ends_at: number) =>
      api.create({ device_id: lock.deviceId, code: '4821', starts_at, ends_at });
    const first = await create(now, now + HOUR);
    const second = await create(now + DAY, now + DAY + HOUR);
    await api.advanceTo(now + HOUR + 5 * SECOND);
    expect(await api.status(first.access_code_id)).toBe(404);
    expect(await api.get(second.access_code_id)).toMatchObject({
      status: 'unset',
      is_scheduled_on_device: true,
      errors: [],
    });
    await api.advanceTo(now + DAY);
    expect([await api.status(second.access_code_id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
  });

  it('follow each other when the first is deleted, as soon as it is off the lock', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { latency_ms: 8000 } });
    const first = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    await api.delete(first.access_code_id);
    await api.advance(SECOND);
    const now = await api.now();
    const second = await api.create({
      device_id: lock.deviceId,
      code: '4821',
      starts_at: now,
      ends_at: now + DAY,
    });
    await api.advance(30 * SECOND);
    expect([await api.status(first.access_code_id), await api.status(second.access_code_id)]).toEqual([
      404,
      'set',
    ]);
    expect(await locks.opens(lock, '4821')).toBe(true);
  });

  it('have a PIN that was changed away free again', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const first = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    await api.update(first.access_code_id, { code: '4822' });
    await api.advance(10 * MINUTE);
    const second = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    expect(await api.status(second.access_code_id)).toBe('set');
    expect([await locks.opens(lock, '4821'), await locks.opens(lock, '4822')]).toEqual([true, true]);
  });
});

describe('a PIN that somebody else has put on the lock', () => {
  it('is an error of the code that wants it, which goes on as soon as it is free', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.putByHand(lock, 'Owner', '4821');
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
    const other = await api.create({ device_id: lock.deviceId, code: '4822' });
    await api.advance(HOUR);
    const waiting = await api.get(id);
    expect(waiting.status).toBe('setting');
    expect(waiting.errors.map(({ error_code }) => error_code)).toEqual(
      expect.arrayContaining(['failed_to_set_on_device', 'duplicate_code_on_device']),
    );
    expect(await api.status(other.access_code_id)).toBe('set');
    const [foreign] = await locks.codes(lock);
    expect(foreign).toMatchObject({ name: 'Owner' });
    await locks.eraseByHand(lock, foreign!);
    await api.advance(11 * MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
  });
});

describe('a PIN that is drawn', () => {
  it('keeps the rules of its lock and is free in its window', async () => {
    const { api, locks } = world;
    const office = await locks.named('Office');
    const pins = new Set<string>();
    const start = await api.now();
    for (let nth = 0; nth < 20; nth++) {
      const window = { starts_at: start + 5 * DAY, ends_at: start + 6 * DAY };
      const { code } = await api.create({ device_id: office.deviceId, ...window });
      expect(code).toMatch(/^\d{6}$/);
      expect(code).not.toMatch(/^(\d)\1{5}$/);
      pins.add(code!);
    }
    expect(pins.size).toBe(20);
  });

  it('has the length that was asked for, and none is drawn where none is free', async () => {
    const { api, locks } = world;
    const { deviceId: device_id } = await locks.add();
    const { code } = await api.create({ device_id, preferred_code_length: 7 });
    expect(code).toMatch(/^\d{7}$/);
    const tiny = await locks.add({
      supported_code_lengths: [4],
      code_constraints: [{ constraint_type: 'pin_code_matches_existing_set', pin_codes: ['1357'] }],
    });
    expect((await api.call('/access_codes/create', { device_id: tiny.deviceId })).status).toBeLessThan(500);
  });

  it.each([
    ['too short', '12345'],
    ['all the same', '777777'],
    ['a sequence', '345678'],
    ['a sequence downwards', '876543'],
  ])('is refused when it is given and breaks the rules: %s', async (_what, code) => {
    const { api, locks } = world;
    const office = await locks.named('Office');
    const { status, body } = await api.call('/access_codes/create', { device_id: office.deviceId, code });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      type: 'invalid_input',
      validation_errors: { code: expect.anything() },
    });
    expect(JSON.stringify(body)).not.toContain(code);
  });
});
