import { NetworkProcess, type RemoteLock } from '@latchkey/gateways';
import type { LockAtHand } from '../clients';
import type { Hub } from './hub';

const FIRST_NODE = 2;
const ZONE = 'Europe/Vienna';

/** The real Z-Wave JS driver and server, on a mock stick. */
export class ZwaveJsHub implements Hub {
  private constructor(
    private readonly network: NetworkProcess,
    private readonly names: readonly string[],
  ) {}

  /**
   * @param names of its locks: they are on the stick from the start, as they are on a real one
   * @param withClock one more, which keeps windows by itself
   */
  static async start(names: readonly string[], withClock: string): Promise<ZwaveJsHub> {
    const all = [...names, withClock];
    const traits = all.map((name, n) => ({ nodeId: FIRST_NODE + n, users: 14, name }));
    const locks = traits.map((each) => ({ ...each, schedules: each.name === withClock }));
    return new ZwaveJsHub(await NetworkProcess.start(locks), all);
  }

  get entry() {
    const { address } = this.network;
    const entry = { kind: 'zwave-js', name: 'house', display_name: 'Z-Wave JS', address };
    return { ...entry, slots: '10-14', time_zone: ZONE };
  }

  hang(name: string): Promise<LockAtHand> {
    return this.named(name);
  }

  async named(name: string): Promise<LockAtHand> {
    const codes = Object.keys(await this.lock(name).codes());
    return { lock_id: name, name, codes: codes.map((slot) => ({ access_code_id: slot, name: '' })) };
  }

  opens(lockId: string, code: string, at: number): Promise<boolean> {
    return this.lock(lockId).opens(code, at, ZONE);
  }

  async faults(lockId: string, { offline }: { offline?: boolean }): Promise<void> {
    await this.lock(lockId).setDead(offline === true);
  }

  async addByHand(lockId: string, { name, code }: { name: string; code: string }): Promise<void> {
    await this.lock(lockId).putByHand(Number(name), code);
  }

  async changeByHand(lockId: string, lockCodeId: string, { code }: { code: string }): Promise<void> {
    await this.lock(lockId).putByHand(Number(lockCodeId), code);
  }

  async removeByHand(lockId: string, lockCodeId: string): Promise<void> {
    await this.lock(lockId).removeByHand(Number(lockCodeId));
  }

  crash(): Promise<void> {
    return this.network.stopServer();
  }

  restart(): Promise<void> {
    return this.network.startAgain();
  }

  close(): Promise<void> {
    return this.network.close();
  }

  private lock(name: string): RemoteLock {
    return this.network.lock(FIRST_NODE + this.names.indexOf(name));
  }
}
