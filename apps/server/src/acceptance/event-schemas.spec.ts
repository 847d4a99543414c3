import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { EVENT_SCHEMAS, type EventSchema } from '@latchkey/public-events';
import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020';
import type { ListedEvent } from '../testing/api';
import { useServer } from '../testing/use-server';

const world = useServer();

/** Lets much happen to codes, locks and an account. */
async function livesAreLived(): Promise<void> {
  const { api, locks } = world;
  const lock = await locks.add();
  const device_id = lock.deviceId;
  const now = await api.now();
  const stay = { starts_at: now + 80 * HOUR, ends_at: now + 90 * HOUR };
  await api.create({ device_id, code: '4821', name: 'Scheduled', ...stay });
  const { access_code_id: changed } = await api.create({ device_id, code: '5821', name: 'Guest' });
  await api.advance(MINUTE);
  await api.update(changed, { name: 'Cleaner', code: '5822', starts_at: now, ends_at: now + 30 * DAY });
  await api.advance(MINUTE);
  const [onLock] = await locks.codes(lock);
  await locks.changeByHand(lock, onLock!, { code: '9999' });
  await api.ask('/access_codes/simulate/create_unmanaged_access_code', {
    device_id,
    name: 'Theirs',
    code: '77123',
  });
  await api.advance(DAY);
  await api.ask('/locks/unlock_door', { device_id });
  await api.ask('/locks/simulate/keypad_code_entry', { device_id, code: '5822' });
  await api.ask('/locks/simulate/keypad_code_entry', { device_id, code: '0000' });
  await api.ask('/locks/simulate/manual_lock_via_keypad', { device_id });
  await locks.faults(lock, { fail: 'MOTOR_STALLED' });
  await api.create({ device_id, code: '6821' });
  await api.advance(2 * HOUR);
  await api.delete(changed);
  await api.advance(2 * HOUR);
  await locks.faults(lock, { fail: null });
  await api.advance(2 * HOUR);
  await api.ask('/devices/update', { device_id, name: 'Shed', custom_metadata: { floor: '2' } });
  await locks.faults(lock, { offline: true });
  await api.advance(2 * DAY);
  await locks.faults(lock, { offline: false });
  await api.advance(5 * DAY);
  const { connected_accounts: accounts } = await api.ask<{
    connected_accounts: { connected_account_id: string }[];
  }>('/connected_accounts/list');
  const { connected_account_id } = accounts[0]!;
  await api.ask('/connected_accounts/simulate/disconnect', { connected_account_id });
  await api.advance(HOUR);
  await api.ask('/connected_accounts/simulate/connect', { connected_account_id });
  await api.advance(HOUR);
  await api.ask('/devices/delete', { device_id });
  await api.settle();
}

test('every event is as its schema says, with its PINs and without', async () => {
  await livesAreLived();
  const { event_schemas: served } = await world.api.ask<{ event_schemas: EventSchema[] }>('/events/schemas');
  expect(served).toEqual(EVENT_SCHEMAS);
  const ajv = new Ajv2020({ allErrors: true });
  addFormats(ajv);
  const checks = new Map(served.map(({ event_type, schema }) => [event_type, ajv.compile(schema)]));
  const { events } = await world.api.ask<{ events: ListedEvent[] }>('/events/list', {
    since: '2000-01-01T00:00:00Z',
  });
  const faults = events.flatMap((event) => {
    const check = checks.get(event.event_type);
    if (!check) return [`${event.event_type} has no schema`];
    const forms = [event, 'code' in event ? { ...event, code: null } : event];
    return forms.flatMap((form) =>
      check(form) ? [] : [`${event.event_type}: ${ajv.errorsText(check.errors)}`],
    );
  });
  expect(faults).toEqual([]);
  expect(new Set(events.map(({ event_type }) => event_type)).size).toBeGreaterThan(25);
}, 60_000);

test('the schema of one type can be asked for, and there is none of what is not told', async () => {
  const asked = { event_type: 'access_code.set_on_device' };
  const { event_schemas } = await world.api.ask<{ event_schemas: EventSchema[] }>('/events/schemas', asked);
  expect(event_schemas).toMatchObject([{ ...asked, version: 1, schema: { title: asked.event_type } }]);
  expect(
    (await world.api.call('/events/schemas', { event_type: 'noise_sensor.noise_threshold_triggered' }))
      .status,
  ).toBe(404);
});
