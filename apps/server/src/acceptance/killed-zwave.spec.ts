import { pinsIn } from '@latchkey/platform';
import { NetworkProcess, type RemoteLock } from '@latchkey/gateways';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kill, KilledHouse } from '../testing/killed-house';

const SEED = Number(process.env['SEED'] ?? 20261126);
/** Longer on demand: each second finds more, and CI has to end. */
const PLAYED_MS = Number(process.env['KILLED_FOR_MS'] ?? 10_000);
const DOOR = 2;
const ZONE = 'Europe/Vienna';
const SLOTS = { first: 10, last: 15 };

describe('a server, a Z-Wave hub and a lock that are killed at random while codes come and go', () => {
  let network: NetworkProcess;
  let lock: RemoteLock;
  let house: KilledHouse;

  beforeAll(async () => {
    network = await NetworkProcess.start([{ nodeId: DOOR, users: 20, name: 'Hall' }]);
    lock = network.lock(DOOR);
    const { first, last } = SLOTS;
    const { address } = network;
    const entry = { kind: 'zwave-js', name: 'hall', address, slots: `${first}-${last}`, time_zone: ZONE };
    house = await KilledHouse.start(entry);
  }, 120_000);

  afterAll(async () => {
    await house?.close();
    await network?.close();
  });

  const killHub: Kill = async (away) => {
    await network.stopServer();
    await pause(away);
    await network.startAgain();
  };
  const killLock: Kill = async (away) => {
    await lock.setDead(true);
    await pause(away);
    await lock.heal();
  };
  const loseAnswer: Kill = async () => {
    await lock.loseNextAnswer();
    // For about as long as the driver tries again.
    await pause(3_000);
    await lock.heal();
  };

  it(`agree at the end: no code lost, doubled or left over (SEED=${SEED})`, async () => {
    const killed = await house.play(SEED, PLAYED_MS, [house.killServer, killHub, killLock, loseAnswer]);
    expect(Math.min(...killed)).toBeGreaterThan(0);
    expect(house.pins.length).toBeGreaterThan(5);
    const codes = await house.settled(async (all) => Object.keys(await lock.codes()).length === all.length);
    const held = await lock.codes();
    expect(Object.values(held).toSorted()).toEqual(codes.map(({ code }) => code).toSorted());
    expect(new Set(Object.values(held)).size).toBe(codes.length);
    const outside = Object.keys(held)
      .map(Number)
      .filter((slot) => slot < SLOTS.first || slot > SLOTS.last);
    expect(outside).toEqual([]);
    const wanted = new Set(codes.map(({ code }) => code));
    for (const pin of house.pins)
      expect([pin, await lock.opens(pin, Date.now(), ZONE)]).toEqual([pin, wanted.has(pin)]);
  }, 300_000);

  it('left no PIN in what server and hub said', async () => {
    const hub = (await network.log()).join('\n');
    expect(house.said.length).toBeGreaterThan(1_000);
    expect(house.logged()).toEqual([]);
    expect(pinsIn(hub, ...house.pins)).toEqual([]);
  });
});
