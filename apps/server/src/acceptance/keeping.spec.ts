import { HOUR, MINUTE } from '@latchkey/platform';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { useServer } from '../testing/use-server';

const world = useServer({ EXPIRED_CODES: 'readable' });

describe('where expired codes stay readable', () => {
  it('one that has expired can be read until it is deleted, one that was deleted can not', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const window = { starts_at: now, ends_at: now + HOUR };
    const expired = await api.create({ device_id: lock.deviceId, code: '4821', ...window });
    const deleted = await api.create({ device_id: lock.deviceId, code: '4822', ...window });
    await api.delete(deleted.access_code_id);
    await api.advance(2 * HOUR);
    expect(await locks.codes(lock)).toEqual([]);
    expect(await api.get(expired.access_code_id)).toMatchObject({
      status: 'unset',
      code: '4821',
      errors: [],
    });
    expect(await api.status(deleted.access_code_id)).toBe(404);
    // Its PIN is free anyway.
    const again = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    expect(await api.status(again.access_code_id)).toBe('set');

    await api.delete(expired.access_code_id);
    expect(await api.status(expired.access_code_id)).toBe(404);
    expect((await api.call('/access_codes/delete', { access_code_id: expired.access_code_id })).status).toBe(
      404,
    );
  });
});

describe('a PIN', () => {
  it('is in no file of ours, whatever is done with it', async () => {
    const { api, locks, dataDir } = world;
    const lock = await locks.add();
    const now = await api.now();
    const pins = ['90817263', '63728190', '71829304'];
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      code: pins[0],
      starts_at: now,
      ends_at: now + HOUR,
      allow_external_modification: true,
    });
    await api.advance(MINUTE);
    await api.update(id, { code: pins[1] });
    await api.advance(MINUTE);
    await locks.changeByHand(lock, (await locks.codes(lock))[0]!, { code: pins[2] });
    await api.ask('/connected_accounts/simulate/disconnect', await account());
    await api.ask('/connected_accounts/simulate/connect', await account());
    await api.advance(MINUTE);
    expect((await api.get(id)).code).toBe(pins[2]);
    await api.delete(id);
    await api.advance(2 * HOUR);

    // The lock cloud is the lock's own memory.
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !relative(dataDir, file).startsWith('lock-cloud'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const pin of pins)
        expect([relative(dataDir, file), bytes.includes(pin)]).toEqual([relative(dataDir, file), false]);
    }
  });
});

async function account(): Promise<{ connected_account_id: string }> {
  const { connected_accounts } = await world.api.ask<{
    connected_accounts: { connected_account_id: string }[];
  }>('/connected_accounts/list');
  return { connected_account_id: connected_accounts[0]!.connected_account_id };
}
