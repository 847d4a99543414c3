import type { ConnectionStore, LocalConnection } from '../../local';
import type { AccountRef, LockRef, LockReport } from '../../lock-gateway';
import { ZwaveJsAdapter } from '../adapter';
import { zwaveJsEntry, zwaveJsSystem } from '../entry';
import { NetworkProcess, type RemoteLock } from './network-process';
import type { LockTraits } from './simulated-lock';

const begin = Date.parse('2026-03-02T10:00:00.000Z');

/** Connections in memory. */
export class MemoryConnections implements ConnectionStore {
  readonly all = new Map<string, LocalConnection>();
  get = (accountId: string) => Promise.resolve(this.all.get(accountId) ?? null);
  put = (accountId: string, connection: LocalConnection) => {
    this.all.set(accountId, connection);
    return Promise.resolve();
  };
  delete = (accountId: string) => {
    this.all.delete(accountId);
    return Promise.resolve();
  };
}

/** A house with simulated Z-Wave locks, its account connected, and our clock in hand. */
export class ZwaveHouse {
  readonly account: AccountRef = { accountId: 'account-1', maker: 'hall' };
  readonly zone = 'Europe/Vienna';
  readonly reports: LockReport[] = [];
  readonly logged: string[] = [];
  readonly connections = new MemoryConnections();
  readonly adapter: ZwaveJsAdapter;
  now = begin;

  private constructor(private readonly started: NetworkProcess | null) {
    this.adapter = this.newAdapter();
  }

  static async start(traits: readonly LockTraits[]): Promise<ZwaveHouse> {
    const house = new ZwaveHouse(await NetworkProcess.start(traits));
    await house.connect();
    return house;
  }

  /** Without any locks, for what is not connected. */
  static alone(): ZwaveHouse {
    return new ZwaveHouse(null);
  }

  get network(): NetworkProcess {
    if (!this.started) throw new Error('there is no network');
    return this.started;
  }

  /** The system as an entry of the file says it. */
  system(more: object = {}) {
    const entry = { kind: 'zwave-js', name: 'hall', slots: '1-250', time_zone: this.zone, ...more };
    return zwaveJsSystem(zwaveJsEntry.parse(entry), undefined);
  }

  newAdapter(): ZwaveJsAdapter {
    const say = (fields: object, message: string) =>
      void this.logged.push(JSON.stringify({ ...fields, message }));
    return new ZwaveJsAdapter({
      systems: new Map([['hall', this.system()]]),
      connections: this.connections,
      onReport: (_, report) => void this.reports.push(report),
      clock: { now: () => this.now },
      logger: { info: say, warn: say, debug: say },
      folder: '/nowhere',
    });
  }

  lock(ref: LockRef): RemoteLock {
    return this.network.lock(Number(ref.lockId.split('-')[0]));
  }

  /** The lock of a node, as its account has it. */
  ref(nodeId: number): LockRef {
    return { ...this.account, lockId: `${nodeId}-fff0-1-${nodeId.toString(16)}` };
  }

  async described(ref: LockRef) {
    const locks = await this.adapter.locks(this.account);
    if (locks.kind !== 'answered') throw new Error(locks.message);
    return locks.value.find(({ lockId }) => lockId === ref.lockId);
  }

  async listed(ref: LockRef) {
    const listed = await this.adapter.list(ref);
    if (listed.kind !== 'answered') throw new Error(`${listed.kind}: ${listed.message}`);
    return listed.value;
  }

  async close(): Promise<void> {
    await this.adapter.close();
    await this.network.close();
  }

  private async connect(): Promise<void> {
    const { address } = this.network;
    const found = await this.adapter.check(this.system(), { address });
    if (found.kind !== 'answered') throw new Error(found.message);
    await this.connections.put(this.account.accountId, found.value.connection);
    await this.adapter.open(this.account);
  }
}
