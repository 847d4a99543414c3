import { createLogger, loadConfig, SeededRandom, SystemClock } from '@latchkey/platform';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGateway } from './gateway';
import { Started } from '../started';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-systems-'));
afterAll(() => rmSync(folder, { recursive: true }));

const open = (entry: object) => {
  const file = join(folder, 'systems.json');
  writeFileSync(file, JSON.stringify([entry]));
  const config = loadConfig({ DATA_DIR: folder, SANDBOX_LOCKS_FILE: file });
  const parts = { clock: new SystemClock(), random: new SeededRandom(1), logger: createLogger('silent') };
  // Nothing of the records is asked for before the file was read.
  return openGateway(config, { ...parts, records: {} as never, sandbox: undefined }, new Started());
};

const house = { kind: 'zigbee2mqtt', name: 'house' };

it.each([
  [{ ...house, address: 'mqtt://192.168.1.5' }],
  [{ ...house, address: 'mqtts://hub.example' }],
  [house],
  [{ name: 'acme', base_url: 'https://acme.example', client_id: 'us', client_secret: 'not told' }],
])('a sandbox takes no locks but those on this machine: %j', async (entry) => {
  await expect(open(entry)).rejects.toThrow(
    `SANDBOX_LOCKS_FILE: ${entry.name} must be on this machine, by its address: its locks are simulated.`,
  );
});

it('an invalid file is reported by the name of the setting', async () => {
  await expect(open({ ...house, slots: 'all' })).rejects.toThrow(
    /^SANDBOX_LOCKS_FILE: The file .* entry 1 slots/,
  );
});
