import { MINUTE, pinsIn } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();

describe('codes with the same common_code_key', () => {
  it('have the same PIN: the later ones adopt it', async () => {
    const { api, locks } = world;
    const doors = [await locks.add(), await locks.add({ native_scheduling: false }), await locks.add()];
    const common_code_key = 'family';
    const first = await api.create({ device_id: doors[0]!.deviceId, code: '482193', common_code_key });
    const second = await api.create({ device_id: doors[1]!.deviceId, common_code_key });
    const third = await api.create({ device_id: doors[2]!.deviceId, code: '482193', common_code_key });
    expect([second.code, third.code]).toEqual(['482193', '482193']);
    expect([first, second, third].map((code) => code.common_code_key)).toEqual(Array(3).fill('family'));
    await api.advance(MINUTE);
    for (const door of doors) expect(await locks.opens(door, '482193')).toBe(true);
  });

  it('are distinguished from a request for another PIN, which is refused', async () => {
    const { api, locks } = world;
    const [one, other] = [await locks.add(), await locks.add()];
    const common_code_key = 'guests';
    const first = await api.create({ device_id: one.deviceId, code: '4821', common_code_key });
    const request = { device_id: other.deviceId, code: '7350', common_code_key };
    const refused = await api.call('/access_codes/create', request);
    expect([refused.status, refused.body.error?.type]).toEqual([409, 'common_code_key_in_use']);
    expect(pinsIn(JSON.stringify(refused.body), '4821', '7350')).toEqual([]);
    // Alone with its key, it may have another one.
    await api.update(first.access_code_id, { code: '7350' });
    await api.create(request);
    const { access_code_id } = first;
    const again = await api.call('/access_codes/update', { access_code_id, code: '9911' });
    expect(again.body.error?.type).toBe('common_code_key_in_use');
    await api.update(access_code_id, { code: '7350', name: 'Guest' });
    expect(await api.get(access_code_id)).toMatchObject({ code: '7350', name: 'Guest' });
  });

  it('are drawn one PIN, even if all are asked for at once', async () => {
    const { api, locks } = world;
    const doors = [await locks.add(), await locks.add(), await locks.add(), await locks.add()];
    const codes = await Promise.all(
      doors.map(({ deviceId }) => api.create({ device_id: deviceId, common_code_key: 'at once' })),
    );
    expect(new Set(codes.map(({ code }) => code)).size).toBe(1);
  });

  it('link nothing any more once they are deleted', async () => {
    const { api, locks } = world;
    const [one, other] = [await locks.add(), await locks.add()];
    const common_code_key = 'gone';
    const first = await api.create({ device_id: one.deviceId, code: '4821', common_code_key });
    await api.delete(first.access_code_id);
    const second = await api.create({ device_id: other.deviceId, code: '7350', common_code_key });
    expect(second.code).toBe('7350');
  });

  it('link nothing any more once they were let go of, nor when they are ours again', async () => {
    const { api, locks } = world;
    const [one, other] = [await locks.add(), await locks.add()];
    const common_code_key = 'moved out';
    const { access_code_id } = await api.create({ device_id: one.deviceId, code: '4821', common_code_key });
    await api.advance(MINUTE);
    await api.update(access_code_id, { is_managed: false });
    const second = await api.create({ device_id: other.deviceId, code: '7350', common_code_key });
    await api.ask('/access_codes/unmanaged/convert_to_managed', { access_code_id });
    expect(await api.get(access_code_id)).toMatchObject({ code: '4821', common_code_key: null });
    await api.ask('/access_codes/update_multiple', { common_code_key, name: 'Guest' });
    expect(await api.get(second.access_code_id)).toMatchObject({ code: '7350', name: 'Guest' });
    expect(await api.get(access_code_id)).toMatchObject({ name: null });
  });

  it('follow the rules of each lock', async () => {
    const { api, locks } = world;
    const [four, six] = [
      await locks.add({ supported_code_lengths: [4] }),
      await locks.add({ supported_code_lengths: [6] }),
    ];
    const common_code_key = 'too short';
    await api.create({ device_id: four.deviceId, common_code_key });
    const refused = await api.call('/access_codes/create', { device_id: six.deviceId, common_code_key });
    expect([refused.status, refused.body.error?.type]).toEqual([400, 'invalid_input']);
  });
});
