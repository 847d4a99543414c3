import type { RunningServer } from './running-server';

/** How many simulated locks, every other one with schedules of its own, connected as devices. */
export async function makeLocks(server: RunningServer, count: number) {
  const wanted = Array.from({ length: count }, (_, index) => ({
    name: `Door ${index}`,
    native_scheduling: index % 2 === 0,
    supported_code_lengths: [4, 5, 6],
    max_active_codes: 250,
  }));
  const made = await server.simulate<{ locks: { lock_id: string; name: string }[] }>(
    'POST',
    '/simulator/locks',
    { locks: wanted },
  );
  await server.api('/sandbox/clock/advance', { by: 'PT20M' });
  const byName = new Map(made.locks.map((lock) => [lock.name, lock.lock_id]));
  const devices: { deviceId: string; lockId: string; native: boolean }[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await server.api<Page>('/devices/list', {
      limit: 500,
      ...(cursor ? { page_cursor: cursor } : {}),
    });
    for (const device of page.devices) {
      const lockId = byName.get(device.display_name);
      if (lockId)
        devices.push({
          deviceId: device.device_id,
          lockId,
          native: Number(device.display_name.slice(5)) % 2 === 0,
        });
    }
    cursor = page.pagination.next_page_cursor;
  } while (cursor);
  if (devices.length !== count) throw new Error(`${devices.length} of ${count} locks became devices`);
  return devices;
}

interface Page {
  devices: { device_id: string; display_name: string }[];
  pagination: { next_page_cursor: string | null };
}
