import { createLogger, MINUTE } from '@latchkey/platform';
import { markOf, type ProcessMark } from './process-mark';
import { LEASE, SharedLease } from './shared-lease';

/** Small values, as the records keep them. */
class MemorySettings {
  readonly kept = new Map<string, string>();
  get = (key: string) => Promise.resolve(this.kept.get(key) ?? null);
  setIfAbsent = (key: string, value: string) => {
    if (!this.kept.has(key)) this.kept.set(key, value);
    return Promise.resolve(this.kept.get(key)!);
  };
  replace = (key: string, before: string, value: string) => {
    const isSame = this.kept.get(key) === before;
    if (isSame) this.kept.set(key, value);
    return Promise.resolve(isSame);
  };
}

describe('work that one of several processes does', () => {
  let settings: MemorySettings;
  let now: number;
  let turns: string[];
  const leases: SharedLease[] = [];
  const begin = async (owner: string, process: ProcessMark | null = null) => {
    const logger = createLogger('silent');
    const lease = new SharedLease({ key: 'work', owner, process, settings, now: () => now, logger });
    leases.push(lease);
    await lease.begin((isNew) => {
      if (isNew) turns.push(owner);
      return Promise.resolve();
    });
    return lease;
  };

  beforeEach(() => {
    [settings, now, turns] = [new MemorySettings(), MINUTE, []];
  });

  afterEach(async () => {
    for (const lease of leases.splice(0)) await lease.stop();
  });

  it('is the first one’s, for as long as that lives', async () => {
    const [first, second] = [await begin('first'), await begin('second')];
    expect([first.isHeld, second.isHeld, turns]).toEqual([true, false, ['first']]);
  });

  it('is another one’s once the first has died, and never both’s', async () => {
    const first = await begin('first');
    now += LEASE.lasts - 1;
    const early = await begin('early');
    expect([first.isHeld, early.isHeld]).toEqual([true, false]);
    now += 1;
    const late = await begin('late');
    expect([first.isHeld, late.isHeld, turns]).toEqual([false, true, ['first', 'late']]);
  });

  // Elsewhere than on Linux nobody can tell which processes there are.
  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('is another one’s at once where it can be seen that the first has ended', async () => {
    const mark = markOf(process.pid)!;
    // Its pid is another process's by now.
    await begin('killed', { ...mark, begun: '1' });
    const second = await begin('second', mark);
    expect([second.isHeld, turns]).toEqual([true, ['killed', 'second']]);
    const third = await begin('third', mark);
    expect(third.isHeld).toBe(false);
  });

  it('stays the first one’s where nothing can be seen of it', async () => {
    const first = await begin('first', { place: 'another machine', pid: 1, begun: '1' });
    const second = await begin('second', markOf(process.pid));
    expect([first.isHeld, second.isHeld]).toEqual([true, false]);
  });

  it('is left to the next one at once by a process that stops', async () => {
    const first = await begin('first');
    await first.stop();
    const second = await begin('second');
    expect([first.isHeld, second.isHeld]).toEqual([false, true]);
  });

  it('is one’s alone where several come at the same instant', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((each) => begin(each)));
    expect(all.filter(({ isHeld }) => isHeld)).toHaveLength(1);
    now += LEASE.lasts;
    const again = await Promise.all(['e', 'f', 'g', 'h'].map((each) => begin(each)));
    expect(again.filter(({ isHeld }) => isHeld)).toHaveLength(1);
    expect(turns).toHaveLength(2);
  });
});
