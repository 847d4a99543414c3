import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSeconds, SimulatedMatterLocks } from '@latchkey/gateways';
import type { LockAtHand } from '../clients';
import type { Hub, HungLock } from './hub';

const ZONE = 'America/New_York';

/** Matter locks need no hub between: when it is said to be killed, none of them answers. */
export class MatterHub implements Hub {
  private readonly names: string[] = [];

  private constructor(
    private readonly locks: SimulatedMatterLocks,
    private readonly folder: string,
    private readonly withClock: string,
  ) {}

  /** @param withClock the lock that keeps windows by itself; the others do not */
  static async start(withClock: string): Promise<MatterHub> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-matter-locks-'));
    return new MatterHub(await SimulatedMatterLocks.start(folder), folder, withClock);
  }

  get entry() {
    const entry = { kind: 'matter', name: 'home', display_name: 'Matter', network_interface: 'lo' };
    // These locks do not sleep.
    return { ...entry, answers_within: 3, slots: '10-14', time_zone: ZONE };
  }

  async hang(name: string): Promise<HungLock> {
    const { pairingCode, port } = await this.locks.make(name, { schedules: name === this.withClock });
    this.names.push(name);
    return { ...(await this.named(name)), pairingCode: `${pairingCode}@127.0.0.1:${port}` };
  }

  async named(name: string): Promise<LockAtHand> {
    const slots = await this.locks.users(name);
    return { lock_id: name, name, codes: slots.map((slot) => ({ access_code_id: String(slot), name: '' })) };
  }

  opens(lockId: string, code: string, at: number): Promise<boolean> {
    return this.locks.opens(lockId, code, localSeconds(at, ZONE));
  }

  faults(lockId: string, { offline }: { offline?: boolean }): Promise<void> {
    return this.locks.setOnline(lockId, offline !== true);
  }

  addByHand(lockId: string, { name, code }: { name: string; code: string }): Promise<void> {
    return this.locks.putByHand(lockId, Number(name), 'By hand', code);
  }

  changeByHand(lockId: string, lockCodeId: string, { code }: { code: string }): Promise<void> {
    return this.locks.putByHand(lockId, Number(lockCodeId), 'By hand', code);
  }

  removeByHand(lockId: string, lockCodeId: string): Promise<void> {
    return this.locks.clearByHand(lockId, Number(lockCodeId));
  }

  async crash(): Promise<void> {
    for (const name of this.names) await this.locks.setOnline(name, false);
  }

  async restart(): Promise<void> {
    for (const name of this.names) await this.locks.setOnline(name, true);
  }

  async close(): Promise<void> {
    await this.locks.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
