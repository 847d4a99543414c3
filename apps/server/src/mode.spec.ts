import { openStores, type Records } from '@latchkey/database';
import { type Config, loadConfig, StartupError } from '@latchkey/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkMakers, claimMode } from './mode';

let dataDir: string;
let stores: Awaited<ReturnType<typeof openStores>>;
let records: Records;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-mode-'));
  stores = await openStores({ dataDir });
  records = stores.records;
});
afterEach(async () => {
  await stores.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const started = (sandbox: boolean): Config => loadConfig({ DATA_DIR: dataDir, SANDBOX: String(sandbox) });
const workspace = (workspaceId: string, isSandbox: boolean) =>
  records.workspaces.create({ workspaceId, name: workspaceId, isSandbox, settings: {}, createdAt: 0 });

test.each([true, false])(
  'a new folder becomes what it is started as (sandbox: %s), and stays it',
  async (as) => {
    await claimMode(records, started(as));
    await claimMode(records, started(as));
    await expect(claimMode(records, started(!as))).rejects.toThrow(StartupError);
    await claimMode(records, started(as));
  },
);

test('the refusal says in one line what to do', async () => {
  await claimMode(records, started(false));
  const refused = await claimMode(records, started(true)).catch((error: Error) => error.message);
  expect(refused).toBe(
    `The data in ${dataDir} is of real locks, and a sandbox moves time: set SANDBOX=false, or choose another DATA_DIR.`,
  );
});

test('a sandbox has no real locks: their time is nobody’s to move', () => {
  const settings = (env: NodeJS.ProcessEnv) => loadConfig({ DATA_DIR: dataDir, ...env });
  const makers = { LOCK_MAKERS_FILE: './lock-makers.json' };
  expect(() => checkMakers(settings(makers))).toThrow(StartupError);
  expect(() => checkMakers(settings(makers))).toThrow(/^LOCK_MAKERS_FILE names real locks.*SANDBOX=false.*$/);
  checkMakers(settings({ ...makers, SANDBOX: 'false' }));
  checkMakers(settings({}));
});

describe('a folder from before there was a mark', () => {
  test('with a workspace of real locks is production', async () => {
    await workspace('hotel', false);
    await expect(claimMode(records, started(true))).rejects.toThrow(/SANDBOX=false/);
    await claimMode(records, started(false));
  });

  test('with the sandbox workspace alone is a sandbox', async () => {
    await records.settings.set('sandbox.workspace_id', 'sandbox');
    await workspace('sandbox', true);
    await expect(claimMode(records, started(false))).rejects.toThrow(/a sandbox's/);
    await claimMode(records, started(true));
  });

  test('of real locks that was once started as a sandbox is production', async () => {
    await workspace('hotel', false);
    await records.settings.set('sandbox.workspace_id', 'sandbox');
    await workspace('sandbox', true);
    await expect(claimMode(records, started(true))).rejects.toThrow(/SANDBOX=false/);
    await claimMode(records, started(false));
  });
});
