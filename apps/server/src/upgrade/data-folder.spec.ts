import { HOUR } from '@latchkey/platform';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeamAccessCode } from '@latchkey/access-codes';
import { useServer } from '../testing/use-server';

const FOLDERS = join(__dirname, 'data-folders');

interface Before {
  readonly codes: (Pick<SeamAccessCode, 'access_code_id' | 'device_id' | 'name' | 'code' | 'status'> & {
    readonly starts_at?: string;
    readonly ends_at?: string;
  })[];
  readonly ids: { readonly webhook: string; readonly unmanagedCode: string; readonly ongoing: string };
}

/** What the version that made the folder answered last. */
const before = JSON.parse(readFileSync(join(FOLDERS, '1.json'), 'utf8')) as Before;

function unpacked(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-upgrade-'));
  execFileSync('tar', ['-xzf', join(FOLDERS, '1.tar.gz'), '-C', folder]);
  return folder;
}

function withoutViews(folder: string): string {
  for (const name of readdirSync(folder).filter((one) => /^(views|feed)\.db/.test(one)))
    rmSync(join(folder, name));
  return folder;
}

describe.each([
  ['as it was left', unpacked],
  ['whose views were removed', () => withoutViews(unpacked())],
])('a data folder of the first version, %s', (_, folder) => {
  const world = useServer(() => ({ DATA_DIR: folder() }));

  it('shows every code as it was', async () => {
    const { access_codes } = await world.api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list');
    const shown = access_codes.map(({ access_code_id, device_id, name, code, status, ...rest }) => ({
      ...{ access_code_id, device_id, name, code, status },
      ...('starts_at' in rest ? { starts_at: rest.starts_at, ends_at: rest.ends_at } : {}),
    }));
    const expected = before.codes.map(
      ({ access_code_id, device_id, name, code, status, starts_at, ends_at }) => ({
        ...{ access_code_id, device_id, name, code, status },
        ...(starts_at === undefined ? {} : { starts_at, ends_at }),
      }),
    );
    expect(shown).toEqual(expect.arrayContaining(expected));
    expect(shown).toHaveLength(expected.length);
  });

  it('has its events, webhooks and unmanaged codes', async () => {
    const { events } = await world.api.ask<{ events: { event_id: string }[] }>('/events/list', {
      since: '2020-01-01T00:00:00Z',
      limit: 500,
    });
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBeGreaterThanOrEqual(450);
    const { webhooks } = await world.api.ask<{ webhooks: { webhook_id: string }[] }>('/webhooks/list');
    expect(webhooks.map(({ webhook_id }) => webhook_id)).toEqual([before.ids.webhook]);
    const unmanaged = await world.api.ask<{ access_code: { code: string } }>('/access_codes/unmanaged/get', {
      access_code_id: before.ids.unmanagedCode,
    });
    expect(unmanaged.access_code.code).toBe('5151');
  });

  it('goes on with its codes: their PINs open, and they end when they should', async () => {
    const frontDoor = await world.locks.named('Front Door');
    const { code } = await world.api.get(before.ids.ongoing);
    expect(await world.locks.opens(frontDoor, code!)).toBe(true);
    const stay = before.codes.find(({ name }) => name === 'Stay now')!;
    expect(await world.locks.opens(frontDoor, stay.code!)).toBe(true);
    await world.api.advance(48 * HOUR);
    expect(await world.locks.opens(frontDoor, stay.code!)).toBe(false);
    expect(await world.api.status(stay.access_code_id)).toBe(404);
    const later = before.codes.find(({ name }) => name === 'Later')!;
    expect(await world.api.status(later.access_code_id)).toBe('unset');
    await world.api.advance(60 * HOUR);
    expect(await world.api.status(later.access_code_id)).toBe('set');
    expect(await world.locks.opens(frontDoor, later.code!)).toBe(true);
  });

  it('changes and deletes them', async () => {
    const frontDoor = await world.locks.named('Front Door');
    await world.api.update(before.ids.ongoing, { code: '7194' });
    await world.api.advance(HOUR);
    expect(await world.locks.opens(frontDoor, '7194')).toBe(true);
    expect(await world.locks.opens(frontDoor, '8362')).toBe(false);
    await world.api.delete(before.ids.ongoing);
    await world.api.advance(HOUR);
    expect(await world.locks.opens(frontDoor, '7194')).toBe(false);
  });
});
