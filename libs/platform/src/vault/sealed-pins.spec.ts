import { type KeyStore } from './key-store';
import { newKeyring } from './keyring';
import { KeyErasedError } from './sealed-pins';
import { createVault, type Vault } from './vault';

/** Keys in memory, which count how often they are read and can be made to wait. */
class CountedKeys implements KeyStore {
  private readonly keys = new Map<string, string | null>();
  asked = 0;
  /** What the next read waits for before it returns. */
  pause: Promise<void> | undefined;

  async find(keyId: string): Promise<string | null | undefined> {
    return (await this.findAll([keyId])).get(keyId);
  }

  async findAll(keyIds: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
    this.asked++;
    const found = new Map(
      keyIds.flatMap((id) => (this.keys.has(id) ? ([[id, this.keys.get(id)!]] as const) : [])),
    );
    await this.pause;
    return found;
  }

  add(keyId: string, wrapped: string): Promise<string | null> {
    this.asked++;
    if (!this.keys.has(keyId)) this.keys.set(keyId, wrapped);
    return Promise.resolve(this.keys.get(keyId)!);
  }

  erase(keyId: string): Promise<void> {
    this.keys.set(keyId, null);
    return Promise.resolve();
  }
}

describe('the vault of a process that alone erases keys', () => {
  const keyring = newKeyring();
  let keys: CountedKeys;
  let vault: Vault;

  beforeEach(() => {
    keys = new CountedKeys();
    vault = createVault(keys, keyring, true);
  });

  it('asks for a key once, and not at all to open what it has sealed', async () => {
    const sealed = await vault.seal('a', '4821');
    expect(keys.asked).toBe(1);
    expect(await vault.open(sealed)).toBe('4821');
    expect(await vault.openAll([sealed, sealed])).toEqual(['4821', '4821']);
    expect(keys.asked).toBe(1);

    const next = createVault(keys, keyring, true);
    expect(await next.openAll([sealed])).toEqual(['4821']);
    expect(await next.openAll([sealed])).toEqual(['4821']);
    expect(await next.open(sealed)).toBe('4821');
    expect(keys.asked).toBe(2);
  });

  it('opens nothing under a key once that is erased', async () => {
    const sealed = await vault.seal('a', '4821');
    await vault.open(sealed);
    await vault.erase('a');

    expect(await vault.open(sealed)).toBeNull();
    expect(await vault.openAll([sealed])).toEqual([null]);
    await expect(vault.seal('a', '1111')).rejects.toThrow(KeyErasedError);
  });

  it('keeps no key that was looked up while it was erased', async () => {
    const sealed = await vault.seal('a', '4821');
    const next = createVault(keys, keyring, true);
    let goOn = () => {};
    keys.pause = new Promise((resolve) => (goOn = resolve));
    const opening = next.openAll([sealed]);
    keys.pause = undefined;
    await next.erase('a');
    goOn();

    expect(await opening).toEqual(['4821']);
    expect(await next.open(sealed)).toBeNull();
  });

  it('opens no box under the key of another, and none that was changed', async () => {
    const sealed = await vault.seal('a', '4821');
    const other = await vault.seal('b', '1111');

    expect(await vault.openAll([{ keyId: 'b', box: sealed.box }, other])).toEqual([null, '1111']);
    await expect(vault.open({ keyId: 'b', box: sealed.box })).rejects.toThrow(/could not be opened/);
  });
});

it('the vault asks each time where other processes may erase keys', async () => {
  const keys = new CountedKeys();
  const keyring = newKeyring();
  const [ours, theirs] = [createVault(keys, keyring), createVault(keys, keyring)];
  const sealed = await ours.seal('a', '4821');
  expect(await ours.open(sealed)).toBe('4821');
  await theirs.erase('a');
  expect(await ours.open(sealed)).toBeNull();
});
