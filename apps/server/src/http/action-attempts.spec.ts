import { DAY, MINUTE } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

interface Attempt {
  action_attempt_id: string;
  action_type: string;
  status: string;
  result: { access_code?: { access_code_id: string; name: string } } | null;
}
interface Listed {
  action_attempts: Attempt[];
  pagination: { has_next_page: boolean; next_page_cursor: string | null };
}

describe('the list of action attempts', () => {
  const world = useServer({ BACKUP_POOL_SIZE: '1' });
  let device_id: string;
  let elsewhere: string;
  let access_code_id: string;

  const list = (params: object = {}) => world.api.ask<Listed>('/action_attempts/list', params);
  const types = async (params: object = {}) =>
    (await list(params)).action_attempts.map(({ action_type }) => action_type);

  beforeAll(async () => {
    device_id = (await world.locks.named('Front Door')).deviceId;
    elsewhere = (await world.locks.named('Garage')).deviceId;
    await world.api.ask('/locks/unlock_door', { device_id });
    const now = await world.api.now();
    const stay = { starts_at: now, ends_at: now + DAY, use_backup_access_code_pool: true };
    ({ access_code_id } = await world.api.create({ device_id, name: 'Guest', ...stay }));
    await world.api.update(access_code_id, { name: 'Cleaner' });
    await world.api.update(access_code_id, { name: 'Gardener' });
    await world.api.ask('/locks/lock_door', { device_id: elsewhere });
    await world.api.advance(MINUTE);
  }, 60_000);

  it('holds every one when nothing is asked for, oldest first, and no backup code', async () => {
    const all = ['UNLOCK_DOOR', 'CREATE_ACCESS_CODE', 'UPDATE_ACCESS_CODE', 'LOCK_DOOR'];
    expect(await types()).toEqual(all);
    await world.api.delete((await world.api.create({ device_id: elsewhere })).access_code_id);
    expect(await types()).toEqual([...all, 'CREATE_ACCESS_CODE', 'DELETE_ACCESS_CODE']);
    const [created] = (await list({ device_id: elsewhere })).action_attempts.slice(1);
    await world.api.advance(MINUTE);
    const { action_attempt_id } = created!;
    const gone = { access_code: { access_code_id: created!.result!.access_code!.access_code_id } };
    expect((await list({ action_attempt_ids: [action_attempt_id] })).action_attempts[0]!.result).toEqual(
      gone,
    );
    expect((await list({ device_id: elsewhere })).action_attempts[1]!.result).toEqual(gone);
  });

  it('holds those of one device', async () => {
    expect(await types({ device_id })).toEqual(['UNLOCK_DOOR', 'CREATE_ACCESS_CODE', 'UPDATE_ACCESS_CODE']);
    expect(await types({ device_id: '00000000-0000-4000-8000-000000000000' })).toEqual([]);
  });

  it('shows each as it is got by its id', async () => {
    const { action_attempts } = await list({ device_id });
    for (const shown of action_attempts) {
      const { action_attempt_id } = shown;
      expect(await world.api.ask('/action_attempts/get', { action_attempt_id })).toMatchObject({
        action_attempt: shown,
      });
    }
    expect(action_attempts.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
    expect(action_attempts[2]!.result!.access_code).toMatchObject({ access_code_id, name: 'Gardener' });
  });

  it('finds the ids that are of the device among those that are asked for', async () => {
    const all = (await list()).action_attempts.map(({ action_attempt_id }) => action_attempt_id);
    const { action_attempts } = await list({ action_attempt_ids: all, device_id });
    expect(action_attempts.map(({ action_attempt_id }) => action_attempt_id)).toEqual(all.slice(0, 3));
  });

  it('comes in pages that hold each once', async () => {
    const whole = (await list()).action_attempts;
    const paged: Attempt[] = [];
    let cursor: string | null | undefined;
    do {
      const page: Listed = await list({ limit: 2, page_cursor: cursor });
      paged.push(...page.action_attempts);
      cursor = page.pagination.next_page_cursor;
    } while (cursor !== null);
    expect(paged).toEqual(whole);
  });
});
