import { evolved, type EventStore, InMemoryEventStore, systemCause } from '@latchkey/event-sourcing';
import { createVault, MINUTE, newKeyring, pinsIn, SeededIds, type Vault } from '@latchkey/platform';
import fc from 'fast-check';
import { CommonCodes } from './common-codes';
import type { AccessCode } from './domain/access-code';
import { codeFold } from './domain/code-fold';
import { COMMON_CODE, OtherPin } from './domain/common-code';
import type { CodeEvent } from './domain/events';
import { endOf } from './domain/life';
import { requested, T0 } from './domain/testing/builders';

const KEY = 'Countess Eleonora';
const workspaceId = 'workspace-1';
const cause = systemCause({ workspaceId, correlationId: 'a test', causationId: 'a test' });

function vaultInMemory(): Vault {
  const keys = new Map<string, string | null>();
  return createVault(
    {
      find: (keyId) => Promise.resolve(keys.get(keyId)),
      findAll: (ids) =>
        Promise.resolve(new Map(ids.flatMap((id) => (keys.has(id) ? [[id, keys.get(id)!]] : [])))),
      add: (keyId, wrapped) => {
        if (!keys.has(keyId)) keys.set(keyId, wrapped);
        return Promise.resolve(keys.get(keyId)!);
      },
      erase: (keyId) => Promise.resolve(void keys.set(keyId, null)),
    },
    newKeyring(),
  );
}

/** The common codes of two servers over one store, and the streams of the codes. */
class Doors {
  readonly vault = vaultInMemory();
  readonly store = new InMemoryEventStore();
  readonly codes = new Map<string, AccessCode>();
  private time = T0;
  readonly clock = { now: () => this.time++, at: () => () => undefined };
  readonly servers: CommonCodes[];

  /** @param between runs before each call that a server makes to the store */
  constructor(
    private readonly between: <T>(work: Promise<T>) => Promise<T>,
    earlier: () => string[] = () => [],
  ) {
    const { vault, clock } = this;
    const store = Object.assign(Object.create(this.store) as EventStore, {
      append: (...asked: Parameters<EventStore['append']>) =>
        between(Promise.resolve()).then(() => this.store.append(...asked)),
      read: (...asked: Parameters<EventStore['read']>) => delayed(between, () => this.store.read(...asked)),
    });
    const codeOf = (codeId: string) => between(Promise.resolve()).then(() => this.codes.get(codeId) ?? null);
    const codesWithKey = () => Promise.resolve(earlier());
    const parts = { store, clock, vault, codeOf, codesWithKey };
    this.servers = [1, 2].map((seed) => new CommonCodes({ ...parts, ids: new SeededIds(seed) }));
  }

  happen(codeId: string, event: CodeEvent): void {
    const code = evolved(codeFold, this.codes.get(codeId) ?? null, [event], this.clock.now());
    if (code) this.codes.set(codeId, code);
  }

  async create(server: CommonCodes, codeId: string, drawn: string): Promise<void> {
    const code = { codeId, workspaceId, commonCodeKey: KEY };
    for (;;) {
      const { others, own } = await server.pinsOf(code);
      const sealed = await this.vault.sealPin(codeId, others ?? own ?? drawn);
      try {
        await server.join(code, sealed.pin, cause);
      } catch (error) {
        if (!(error instanceof OtherPin)) throw error;
        continue;
      }
      await this.between(Promise.resolve());
      this.happen(codeId, requested(null, { codeId, commonCodeKey: KEY, ...sealed }));
      return;
    }
  }

  async change(server: CommonCodes, codeId: string, pin: string, crash = false): Promise<void> {
    for (;;) {
      const code = this.codes.get(codeId);
      if (!code || endOf(code)) return;
      const sealed = await this.vault.sealPin(codeId, pin);
      try {
        await server.join({ codeId, workspaceId, commonCodeKey: KEY }, sealed.pin, cause);
      } catch (error) {
        if (!(error instanceof OtherPin)) throw error;
        return;
      }
      await this.between(Promise.resolve());
      if (crash) return;
      // As an append with the expected revision would.
      if (this.codes.get(codeId) === code)
        return this.happen(codeId, { type: 'ChangeRequested', data: sealed });
    }
  }

  async remove(server: CommonCodes, codeId: string): Promise<void> {
    const code = this.codes.get(codeId);
    if (!code || endOf(code)) return;
    this.happen(codeId, { type: 'RemovalStarted', data: { cause: 'deleted' } });
    await server.leaveAs(code, cause);
  }

  /** The PINs of those that are not being removed. */
  async pins(): Promise<(string | null)[]> {
    const live = [...this.codes.values()].filter((code) => !endOf(code));
    return this.vault.openAll(live.map(({ wanted }) => wanted.pin));
  }
}

async function* delayed<T>(
  between: <R>(work: Promise<R>) => Promise<R>,
  read: () => AsyncIterable<T>,
): AsyncIterable<T> {
  await between(Promise.resolve());
  yield* read();
}

const atOnce = <T>(work: Promise<T>): Promise<T> => work;
const codeId = fc.constantFrom('code-a', 'code-b', 'code-c', 'code-d');
const deed = fc.oneof(
  { weight: 3, arbitrary: codeId.map((id) => ({ do: 'create' as const, id })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(codeId, fc.integer({ min: 1000, max: 1009 }))
      .map(([id, pin]) => ({ do: 'change' as const, id, pin: String(pin) })),
  },
  { weight: 1, arbitrary: codeId.map((id) => ({ do: 'remove' as const, id })) },
);

describe('codes with one key, requested from several servers', () => {
  it('have one PIN, in whatever order their calls reach the store', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.tuple(deed, fc.nat(1)), { minLength: 2, maxLength: 10 }),
        async (scheduler, deeds) => {
          const doors = new Doors((work) => scheduler.schedule(work));
          await scheduler.waitFor(doors.create(doors.servers[0]!, 'code-a', '1000'));
          const created = new Set(['code-a']);
          const done = deeds.map(async ([each, at], nth) => {
            const server = doors.servers[at]!;
            await scheduler.schedule(Promise.resolve());
            if (each.do === 'create') {
              if (created.has(each.id)) return;
              created.add(each.id);
              return doors.create(server, each.id, `20${nth}0`);
            }
            return each.do === 'change'
              ? doors.change(server, each.id, each.pin)
              : doors.remove(server, each.id);
          });
          await scheduler.waitFor(Promise.all(done));
          expect(new Set(await doors.pins()).size).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('have the PIN of those that were there before the stream', async () => {
    const doors = new Doors(atOnce, () => ['gone', 'code-a']);
    const [one, other] = doors.servers as [CommonCodes, CommonCodes];
    const sealed = await doors.vault.sealPin('code-a', '4821');
    doors.happen('code-a', requested(null, { codeId: 'code-a', commonCodeKey: KEY, ...sealed }));
    await doors.create(one, 'code-b', '7350');
    await doors.create(other, 'code-c', '7351');
    expect(await doors.pins()).toEqual(['4821', '4821', '4821']);
    const members = await one.members({ workspaceId, commonCodeKey: KEY });
    expect(members.sort()).toEqual(['code-a', 'code-b', 'code-c']);
  });

  it('are refused while another one is being given another PIN, until it turns out that this change does not come', async () => {
    const doors = new Doors(atOnce);
    const [one, other] = doors.servers as [CommonCodes, CommonCodes];
    await doors.create(one, 'code-a', '4821');
    await doors.change(one, 'code-a', '7350', true);
    const late = { codeId: 'code-b', workspaceId, commonCodeKey: KEY };
    await expect(other.pinsOf(late)).rejects.toThrow(/just being given another code/);
    const grace = 5 * MINUTE;
    for (let ms = 0; ms < grace; ms++) doors.clock.now();
    await doors.create(other, 'code-b', '1111');
    expect(await doors.pins()).toEqual(['4821', '4821']);
  });

  it('are in a stream from which neither the key nor any PIN can be read or guessed', async () => {
    const doors = new Doors(atOnce);
    const [one] = doors.servers as [CommonCodes];
    await doors.create(one, 'code-a', '4821');
    await doors.change(one, 'code-a', '7350');
    await doors.remove(one, 'code-a');
    const stream = `${COMMON_CODE}-${one.idOf({ workspaceId, commonCodeKey: KEY })}`;
    const told: unknown[] = [];
    for await (const { type, data, stream: where } of doors.store.read(stream))
      told.push({ type, data, where });
    expect(told).toMatchObject([
      { type: 'CommonCodeJoined' },
      { type: 'CommonCodeJoined' },
      { type: 'CommonCodeLeft', data: { codeId: 'code-a' } },
    ]);
    expect(JSON.stringify(told)).not.toMatch(/Countess|ingerprint/);
    expect(pinsIn(JSON.stringify(told), '4821', '7350')).toEqual([]);
    expect(stream).toMatch(/^commonCode-[\w-]{43}$/);
    const elsewhere = one.idOf({ workspaceId: 'workspace-2', commonCodeKey: KEY });
    expect(stream).not.toContain(elsewhere);
    expect(new Doors(atOnce).servers[0]!.idOf({ workspaceId, commonCodeKey: KEY })).not.toBe(
      one.idOf({ workspaceId, commonCodeKey: KEY }),
    );
  });
});
