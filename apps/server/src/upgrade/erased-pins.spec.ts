import { DAY, HOUR } from '@latchkey/platform';
import type { SeamAccessCode } from '@latchkey/access-codes';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attack } from '../testing/pin-guesser';
import { useServer } from '../testing/use-server';

function unpacked(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-upgrade-'));
  execFileSync('tar', ['-xzf', join(__dirname, 'data-folders', '1.tar.gz'), '-C', folder]);
  return folder;
}

const keyOf = (folder: string) => Buffer.from(readFileSync(join(folder, 'vault.key'), 'utf8'), 'base64');

const backup = unpacked();
afterAll(() => rmSync(backup, { recursive: true }));
const world = useServer(() => ({ DATA_DIR: unpacked() }));

it('a data folder of the first version gives erased PINs away no more, unless its old master key was kept', async () => {
  const { api, dataDir } = world;
  const before = attack(backup);
  const erasedBefore = [...before.guessed].filter((pin) => !before.opened.has(pin));
  expect(erasedBefore).toEqual(expect.arrayContaining(['1357', '4821', '7350', '9999']));

  const { access_codes } = await api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list');
  for (const { access_code_id } of access_codes) await api.delete(access_code_id);
  await api.advance(7 * DAY);
  expect((await api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list')).access_codes).toEqual([]);
  const erased = [...erasedBefore, ...access_codes.flatMap(({ code }) => code ?? [])];
  const pins = erased.filter((pin) => pin.length === 4);
  await api.advance(HOUR);

  const after = attack(dataDir);
  for (const pin of erased)
    expect([pin, after.opened.has(pin), after.guessed.has(pin)]).toEqual([pin, false, false]);
  expect(after.tokens).toBeGreaterThan(1000);
  const oldKey = keyOf(backup);
  expect(keyOf(dataDir)).not.toEqual(oldKey);
  for (const name of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const bytes = readFileSync(join(name.parentPath, name.name));
    expect([name.name, bytes.includes(oldKey), bytes.includes(oldKey.toString('base64'))]).toEqual([
      name.name,
      false,
      false,
    ]);
  }

  // As the operations page says: an older backup still gives them away.
  expect([...attack(dataDir, { pins, olderMasterKey: oldKey }).guessed]).toEqual(
    expect.arrayContaining(erasedBefore),
  );
}, 180_000);
