import { openStores } from '@latchkey/database';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerWorld } from '../testing/server-world';
import { apiKeys } from './api-keys';

let dataDir: string;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  const stores = await openStores({ dataDir });
  await stores.records.workspaces.create({
    workspaceId: 'first',
    name: 'First',
    isSandbox: true,
    settings: {},
    createdAt: 0,
  });
  await stores.close();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const run = (...args: string[]) => runIn(dataDir, ...args);

async function runIn(folder: string, ...args: string[]) {
  const out: string[] = [];
  const complaints: string[] = [];
  const code = await apiKeys(
    args,
    { DATA_DIR: folder },
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
}

async function workspaceOf(token: string) {
  const stores = await openStores({ dataDir });
  const found = await stores.records.apiKeys.find(token);
  await stores.close();
  return found?.workspaceId;
}

test('a key is made, listed without itself, and revoked', async () => {
  const made = await run('make', '--name', 'Booking system');
  const token = /^seam_\w{43}$/m.exec(made.out)![0];
  const id = /revoke it by: ([0-9a-f-]{36})/.exec(made.out)![1]!;
  expect(await workspaceOf(token)).toBe('first');

  const { out } = await run('list');
  expect(out).toContain(`${id}  ${token.slice(0, 9)}…`);
  expect(out).toContain('never used  Booking system');
  expect(out).not.toContain(token);

  expect(await run('revoke', id)).toMatchObject({ code: 0 });
  expect(await workspaceOf(token)).toBeUndefined();
  expect((await run('list')).out).toBe('There are no keys.');
});

test('a workspace is made with its first key', async () => {
  const made = await run('make', '--name', 'Operations', '--new-workspace', 'Sea View');
  const token = /^seam_\w{43}$/m.exec(made.out)![0];
  const workspaceId = /workspace Sea View \(([0-9a-f-]{36})\)/.exec(made.out)![1]!;
  expect(await workspaceOf(token)).toBe(workspaceId);
  expect((await run('make', '--name', 'x', '--new-workspace', '')).complaint).toMatch(
    /what to call the workspace/,
  );
});

test.each([
  [['make'], /--name NAME/],
  [['make', '--name', 'x', '--workspace', 'other'], /no workspace other[^]*first {2}First/],
  [['revoke', 'nothing'], /no key nothing/],
  [['revoke'], /Usage/],
  [['delete'], /Usage/],
  [['list', '--all'], /--all[^]*Usage/],
])('%j is refused with a word why', async (args, complaint) => {
  const result = await run(...args);
  expect(result.code).toBe(1);
  expect(result.complaint).toMatch(complaint);
});

test('a data folder that is not there is not made', async () => {
  rmSync(dataDir, { recursive: true });
  expect((await run('list')).complaint).toMatch(/no data folder/);
});

test('the sandbox’s key is shown to who can read the data folder, and there is none elsewhere', async () => {
  expect((await run('sandbox')).complaint).toMatch(/no sandbox here/);
  const world = await ServerWorld.start();
  try {
    const { out } = await runIn(world.dataDir, 'sandbox');
    expect(out).toBe(world.server.sandbox!.apiKey);
  } finally {
    await world.stop();
  }
});

test.each([['--help'], ['make', '--help'], []])('help is given for %j', async (...args) => {
  const { code, out } = await run(...args);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: npm run api-keys --/);
});

test('a running server takes a new key at once, and a revoked one no longer', async () => {
  const world = await ServerWorld.start();
  try {
    const made = await runIn(world.dataDir, 'make', '--name', 'Second');
    const token = /^seam_\w{43}$/m.exec(made.out)![0];
    const id = /revoke it by: ([0-9a-f-]{36})/.exec(made.out)![1]!;
    const ask = async () =>
      (await fetch(`${world.server.url}/workspaces/get`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    expect(await ask()).toBe(200);
    expect((await runIn(world.dataDir, 'list')).out).toMatch(/last used .*Second/);
    await runIn(world.dataDir, 'revoke', id);
    expect(await ask()).toBe(401);
  } finally {
    await world.stop();
  }
});
