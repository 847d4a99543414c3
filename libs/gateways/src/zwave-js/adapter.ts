import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  type FoundSystem,
  type LocalAdapter,
  type LocalConnection,
  type LocalParts,
  type LocalSystem,
  OpenedAccounts,
  wrongAddress,
} from '../local';
import type {
  AccountRef,
  Answer,
  ListedCode,
  LockCode,
  LockDescription,
  LockRef,
  LockReport,
  WriteAnswer,
} from '../lock-gateway';
import { ZWAVE_JS_PROTOCOLS, type ZwaveJsSystem } from './entry';
import { Hub, type HubOptions } from './hub';
import { refused } from './node-commands';

/** What is kept of an account beside the way to it. */
const kept = z.object({ homeId: z.string(), locks: z.record(z.string(), z.string()) });
type Kept = z.infer<typeof kept>;

type Reached = Extract<Awaited<ReturnType<Hub['reach']>>, { kind: 'answered' }>['value'];

/** Z-Wave locks behind Z-Wave JS servers, each account at its own. */
export class ZwaveJsAdapter implements LocalAdapter {
  private readonly hubs: OpenedAccounts<ZwaveJsSystem, Hub>;

  constructor(private readonly parts: LocalParts) {
    this.hubs = new OpenedAccounts<ZwaveJsSystem, Hub>({
      ...parts,
      open: (account, system, connection) => this.openHub(account, system, connection),
      close: (hub) => hub.close(),
    });
  }

  async check(system: LocalSystem, given: LocalConnection): Promise<Answer<FoundSystem>> {
    const wrong = wrongAddress(given.address ?? '', ZWAVE_JS_PROTOCOLS);
    if (wrong !== null) return refused('BAD_ADDRESS', `The address ${wrong}.`);
    const hub = this.hubFor(system, given, null, { homeId: null, onReport: () => undefined });
    try {
      const locks = await hub.locks();
      if (locks.kind !== 'answered') return locks;
      const { homeId, version } = hub;
      const connection = { ...given, kept: JSON.stringify({ homeId, locks: hub.lockOfNode } satisfies Kept) };
      return { kind: 'answered', value: { systemId: homeId, connection, version, locks: locks.value } };
    } finally {
      hub.close();
    }
  }

  async open(account: AccountRef): Promise<void> {
    const hub = await this.hubs.again(account);
    if (hub.kind === 'answered') hub.value.keepUp();
  }

  forget({ accountId }: AccountRef): Promise<void> {
    return this.hubs.end(accountId);
  }

  close(): Promise<void> {
    return this.hubs.endAll();
  }

  async locks(account: AccountRef): Promise<Answer<LockDescription[]>> {
    const hub = await this.hubs.of(account);
    return hub.kind === 'answered' ? hub.value.locks() : hub;
  }

  async program(lock: LockRef, code: LockCode): Promise<WriteAnswer> {
    return this.told(lock, 'created', (reach) => reach.lock.program(reach, code));
  }

  async change(lock: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    return this.told(lock, 'updated', (reach) => reach.lock.change(reach, lockCodeId, code));
  }

  async remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    return this.told(lock, 'deleted', (reach) => reach.lock.remove(reach, lockCodeId));
  }

  async list(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const reach = await this.reach(lock);
    return reach.kind === 'answered' ? reach.value.lock.list(reach.value) : reach;
  }

  /** The outcome comes as a report with the same id, once the lock has said how it stands. */
  async operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    const reach = await this.reach(lock, true);
    if (reach.kind !== 'answered') return reach;
    const { commands, lock: line } = reach.value;
    const outcome = await line.inLine(async () => {
      const turned = await commands.turn(action);
      return turned.kind === 'ok' ? { ...turned, isLocked: await commands.isLocked() } : turned;
    });
    if (outcome.kind === 'refused') return outcome;
    if (outcome.kind === 'unknown' || outcome.isLocked === null)
      return { kind: 'unknown', message: 'The lock did not answer.' };
    const success = outcome.isLocked === (action === 'lock');
    const errorCode = success ? null : 'NOT_TURNED';
    const turned = { actionId, success, errorCode, performedVia: 'remote_api', action, id: actionId };
    this.report(lock, { kind: 'action-completed', lockId: lock.lockId, ...turned });
    return { kind: 'accepted', lockCodeId: actionId };
  }

  /** Does it, and reports how it came out once the answer is given. */
  private async told(
    lock: LockRef,
    operation: 'created' | 'updated' | 'deleted',
    write: (reach: Reached) => Promise<WriteAnswer>,
  ): Promise<WriteAnswer> {
    const reach = await this.reach(lock);
    if (reach.kind !== 'answered') return reach;
    const answer = await write(reach.value);
    if (answer.kind === 'accepted') {
      const { lockCodeId } = answer;
      const { lockId } = lock;
      const done = { operation, lockId, lockCodeId, success: true, errorCode: null };
      setImmediate(() => this.report(lock, { kind: 'code-outcome', ...done }));
    }
    return answer;
  }

  private async reach(lock: LockRef, isAwaited = false): Promise<Answer<Reached>> {
    const hub = await this.hubs.of(lock);
    return hub.kind === 'answered' ? hub.value.reach(lock.lockId, isAwaited) : hub;
  }

  private report({ accountId, maker }: AccountRef, report: LockReport): void {
    this.parts.onReport({ accountId, maker }, report);
  }

  private openHub({ accountId, maker }: AccountRef, system: ZwaveJsSystem, connection: LocalConnection): Hub {
    const remembered = kept.safeParse(
      connection.kept === undefined ? null : JSON.parse(connection.kept),
    ).data;
    const homeId = remembered?.homeId ?? null;
    return this.hubFor(system, connection, remembered ?? null, {
      homeId,
      onReport: (report) => this.report({ accountId, maker }, report),
      onKnown: (locks) => {
        const now = { ...connection, kept: JSON.stringify({ homeId: homeId ?? '', locks } satisfies Kept) };
        this.parts.connections.put(accountId, now).catch((err: unknown) => {
          this.parts.logger.warn({ err, accountId }, 'which locks there are could not be kept');
        });
      },
    });
  }

  private hubFor(
    system: LocalSystem,
    connection: LocalConnection,
    remembered: Kept | null,
    own: Pick<HubOptions, 'homeId' | 'onReport'> & Partial<Pick<HubOptions, 'onKnown'>>,
  ): Hub {
    return new Hub({
      connection,
      known: remembered?.locks ?? {},
      slots: system.slots,
      zone: (system as ZwaveJsSystem).timeZone,
      clock: this.parts.clock,
      newId: randomUUID,
      onKnown: () => undefined,
      ...own,
    });
  }
}
