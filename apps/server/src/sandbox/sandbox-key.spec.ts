import { openDatabase, openRecords, openVault, type Records } from '@latchkey/database';
import { SeededIds, SeededRandom, StartupError, SystemClock } from '@latchkey/platform';
import { endSandboxKey, sandboxKey } from './sandbox-key';

const parts = { clock: new SystemClock(), ids: new SeededIds(1), random: new SeededRandom(1) };
const MINE = `seam_${'m'.repeat(24)}`;
const OTHER = `seam_${'o'.repeat(24)}`;

let records: Records;
let close: () => Promise<void>;

beforeEach(async () => {
  const database = await openDatabase({ file: ':memory:', durability: 'normal' });
  close = () => database.close();
  records = await openRecords(database, await openVault({ database, masterKey: Buffer.alloc(32, 1) }));
  await records.workspaces.create({
    ...{ workspaceId: 'w', name: 'Sandbox', isSandbox: true, settings: {}, createdAt: 0 },
  });
});
afterEach(() => close());

const start = (sandboxApiKey?: string) =>
  sandboxKey(records, 'w', sandboxApiKey === undefined ? {} : { sandboxApiKey }, parts);
const isGood = async (token: string) => (await records.apiKeys.find(token)) !== null;
const revoke = async (token: string) => records.apiKeys.revoke((await records.apiKeys.find(token))!.apiKeyId);

describe("the sandbox's key", () => {
  it('stays the same from start to start', async () => {
    const drawn = await start();
    expect(drawn).toMatch(/^seam_\w{20,}/);
    expect(await start()).toBe(drawn);
    expect(await start(MINE)).toBe(MINE);
    expect(await start(MINE)).toBe(MINE);
    expect(await start()).toBe(MINE);
    expect(await records.apiKeys.list('w')).toHaveLength(1);
  });

  it('is good no more once another one has taken its place', async () => {
    const drawn = await start();
    await start(MINE);
    expect([await isGood(drawn), await isGood(MINE)]).toEqual([false, true]);
    await start(OTHER);
    expect([await isGood(MINE), await isGood(OTHER)]).toEqual([false, true]);
    await expect(start(MINE)).rejects.toThrow(StartupError);
    expect(await isGood(MINE)).toBe(false);
  });

  it('stays revoked, whether it was drawn or set', async () => {
    const drawn = await start();
    await revoke(drawn);
    const next = await start();
    expect(next).not.toBe(drawn);
    expect([await isGood(drawn), await isGood(next)]).toEqual([false, true]);
    await start(MINE);
    await revoke(MINE);
    await expect(start(MINE)).rejects.toThrow('was revoked');
    expect(await isGood(MINE)).toBe(false);
  });

  it('stays revoked where an earlier version had made it again', async () => {
    await records.settings.setSecret('sandbox.api_key', MINE);
    await expect(start(MINE)).rejects.toThrow('was revoked');
    expect(await start()).not.toBe(MINE);
  });

  it('opens nothing on a server of real locks', async () => {
    const drawn = await start();
    await endSandboxKey(records);
    expect(await isGood(drawn)).toBe(false);
  });
});
