import { SimulatedMatterLocks } from '@latchkey/gateways';
import { until } from '@latchkey/platform';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kill, KilledHouse } from '../testing/killed-house';

const SEED = Number(process.env['SEED'] ?? 20261126);
/** Longer on demand: each second finds more, and CI has to end. */
const PLAYED_MS = Number(process.env['KILLED_FOR_MS'] ?? 12_000);
const DOOR = 'HALL';
const SLOTS = { first: 5, last: 10 };

describe('a server, its Matter controller and the way to a lock that are killed at random while codes come and go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'matter-locks-'));
  let locks: SimulatedMatterLocks;
  let house: KilledHouse;

  beforeAll(async () => {
    locks = await SimulatedMatterLocks.start(folder);
    const { pairingCode, port } = await locks.make(DOOR, { users: 12 });
    const { first, last } = SLOTS;
    const entry = { kind: 'matter', name: 'home', network_interface: 'lo', slots: `${first}-${last}` };
    const given = { pairing_code: `${pairingCode}@127.0.0.1:${port}` };
    house = await KilledHouse.start({ ...entry, answers_within: 2 }, given);
  }, 120_000);

  afterAll(async () => {
    await house?.close();
    await locks?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const killController: Kill = async () => {
    const isController = (pid: number) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('matter/controller/main');
      } catch {
        return false;
      }
    };
    for (const pid of house.server.children().filter(isController)) process.kill(pid, 'SIGKILL');
    // Once it has ended the server leaves it alone for a moment, and starts another when it is needed.
    await until(() => !house.server.children().some(isController));
  };
  const cutOff: Kill = async (away) => {
    await locks.setOnline(DOOR, false);
    await pause(away);
    await locks.setOnline(DOOR, true);
  };
  const loseAnswer =
    (write: 'pin' | 'user'): Kill =>
    async (away) => {
      await locks.loseNextAnswer(DOOR, write);
      // For longer than the server waits for an answer.
      await pause(2_000 + away);
      await locks.setOnline(DOOR, true);
    };

  it(`agree at the end: no code lost, doubled or left over (SEED=${SEED})`, async () => {
    const kills = [house.killServer, killController, cutOff, loseAnswer('pin'), loseAnswer('user')];
    const killed = await house.play(SEED, PLAYED_MS, kills);
    expect(Math.min(...killed)).toBeGreaterThan(0);
    expect(house.pins.length).toBeGreaterThan(5);
    const codes = await house.settled(async (all) => (await locks.users(DOOR)).length === all.length);
    const held = await locks.users(DOOR);
    expect(held.filter((slot) => slot < SLOTS.first || slot > SLOTS.last)).toEqual([]);
    const wanted = new Set(codes.map(({ code }) => code));
    expect(wanted.size).toBe(codes.length);
    for (const pin of house.pins)
      expect([pin, await locks.opens(DOOR, pin, Date.now() / 1_000)]).toEqual([pin, wanted.has(pin)]);
  }, 300_000);

  it('left no PIN in what the server said', () => {
    expect(house.said.length).toBeGreaterThan(1_000);
    expect(house.logged()).toEqual([]);
  });
});
