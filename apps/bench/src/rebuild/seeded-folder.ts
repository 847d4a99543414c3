import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLocks } from '../fleet/locks';
import { RunningServer } from '../fleet/running-server';
import { seconds } from '../report';
import { seedCodes, type SeededLock } from './seed';

const CODES_ON_A_LOCK = 100;

/** A data folder in which codes were seeded, and all views built once. */
export class SeededFolder {
  private constructor(
    readonly folder: string,
    readonly apiKey: string,
  ) {}

  /** @param say what is under way; `onlyCreated` as for `seedCodes` */
  static with(
    codes: number,
    say: (what: string) => void,
    { onlyCreated = false } = {},
  ): Promise<SeededFolder> {
    let told = 0;
    const progress = (written: number) => {
      if (written < told + codes / 4) return;
      told = written;
      say(`${written.toLocaleString('en-GB')} written`);
    };
    return SeededFolder.seededBy(
      Math.ceil(codes / CODES_ON_A_LOCK),
      (folder, locks, now) => seedCodes(folder, locks, { codes, now, progress, onlyCreated }),
      say,
    );
  }

  /** @param seed writes facts about connected locks; no server runs meanwhile, whose clock will read `now`, ms */
  static async seededBy(
    locks: number,
    seed: (folder: string, locks: readonly SeededLock[], now: number) => Promise<void>,
    say: (what: string) => void,
  ): Promise<SeededFolder> {
    const apiKey = `seam_${randomUUID()}`;
    const seeded = new SeededFolder(mkdtempSync(join(tmpdir(), 'latchkey-bench-')), apiKey);
    try {
      const connected = await seeded.connectLocks(locks);
      await seed(seeded.folder, connected.locks, connected.now);
      // What integrations are told of these codes is appended once, and is there when the views are folded again.
      say('the views are built for the first time');
      await (await seeded.start()).server.stop();
      return seeded;
    } catch (error) {
      seeded.remove();
      throw error;
    }
  }

  /** @returns a server that is ready, and how long it took until then, s */
  async start(): Promise<{ server: RunningServer; took: number }> {
    const begun = process.hrtime.bigint();
    const server = await RunningServer.start({ folder: this.folder, apiKey: this.apiKey });
    return { server, took: seconds(begun) };
  }

  dropViews(): void {
    for (const file of readdirSync(this.folder)) {
      if (/^(views|feed|audit)\.db/.test(file)) rmSync(join(this.folder, file));
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async connectLocks(count: number): Promise<{ locks: SeededLock[]; now: number }> {
    const { server } = await this.start();
    try {
      const made = await makeLocks(server, count);
      const accounts = await server.api<{ devices: Listed[] }>('/devices/list', { limit: 1 });
      const { workspace_id: workspaceId, connected_account_id: accountId } = accounts.devices[0]!;
      const { clock } = await server.api<{ clock: { now: string } }>('/sandbox/clock/get');
      const locks = made.map(({ deviceId, native }) => ({ deviceId, native, accountId, workspaceId }));
      return { locks, now: Date.parse(clock.now) };
    } finally {
      await server.stop();
    }
  }
}

interface Listed {
  readonly workspace_id: string;
  readonly connected_account_id: string;
}
