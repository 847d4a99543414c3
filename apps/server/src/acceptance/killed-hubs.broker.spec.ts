import { connectAsync, type MqttClient } from 'mqtt';
import { setTimeout as pause } from 'node:timers/promises';
import { Broker, type Device, Zigbee2MqttStandIn } from '@latchkey/zigbee2mqtt-stand-in';
import { type Kill, KilledHouse } from '../testing/killed-house';

const SEED = Number(process.env['SEED'] ?? 20261126);
/** Longer on demand: each second finds more, and CI has to end. */
const PLAYED_MS = Number(process.env['KILLED_FOR_MS'] ?? 20_000);
const SLOTS = { first: 10, last: 15 };

describe('a server, a hub and a broker that are killed at random while codes come and go', () => {
  const commands: { readonly slot: number; readonly request: 'set' | 'get'; readonly pin: string }[] = [];
  let broker: Broker;
  let hub: Zigbee2MqttStandIn;
  let door: Device;
  let house: KilledHouse;
  let recorder: MqttClient;

  beforeAll(async () => {
    broker = await Broker.start();
    hub = new Zigbee2MqttStandIn({ address: broker.address, availability: true, timeoutMs: 500 });
    await hub.start();
    door = await hub.pair({ name: 'Hall', users: 30 });
    const { first, last } = SLOTS;
    const entry = { kind: 'zigbee2mqtt', name: 'house', address: broker.address };
    house = await KilledHouse.start({ ...entry, slots: `${first}-${last}` });
    await record();
  }, 120_000);

  afterAll(async () => {
    await recorder?.endAsync(true);
    await house?.close();
    await hub?.stop().catch(() => undefined);
    await broker?.close();
  });

  /** Keeps what is asked of the lock, over every end of the broker. */
  async function record(): Promise<void> {
    recorder = await connectAsync(broker.address, { reconnectPeriod: 100 });
    recorder.on('message', (topic, payload) => {
      const { pin_code } = JSON.parse(payload.toString('utf8')) as {
        pin_code?: { user: number; pin_code?: string | null };
      };
      if (!pin_code) return;
      const request = topic.endsWith('/set') ? 'set' : 'get';
      commands.push({ slot: pin_code.user, request, pin: pin_code.pin_code ?? '' });
    });
    await recorder.subscribeAsync('zigbee2mqtt/+/+');
  }

  const killHub: Kill = async (away) => {
    hub.crash();
    await pause(away);
    await hub.start();
  };
  const killBroker: Kill = async (away) => {
    await broker.kill();
    await pause(away);
    await broker.launch();
  };

  it(`agree at the end: no code lost, doubled or left over (SEED=${SEED})`, async () => {
    const killed = await house.play(SEED, PLAYED_MS, [house.killServer, killHub, killBroker]);
    expect(killed.reduce((sum, times) => sum + times, 0)).toBeGreaterThan(3);
    expect(Math.min(...killed)).toBeGreaterThan(0);
    expect(house.pins.length).toBeGreaterThan(5);

    const codes = await house.settled((all) => Promise.resolve(door.lock.slotsInUse.length === all.length));
    for (const { code } of codes) expect([code, door.lock.opens(code)]).toEqual([code, true]);
    const held = door.lock.slotsInUse.map((slot) => door.lock.get(slot).pin);
    expect(held.toSorted()).toEqual(codes.map(({ code }) => code).toSorted());
    expect(new Set(held).size).toBe(held.length);
    expect(door.lock.slotsInUse.every((slot) => slot >= SLOTS.first && slot <= SLOTS.last)).toBe(true);
  }, 300_000);

  it('never told the lock the same twice without looking in between', () => {
    const last = new Map<number, string>();
    const doubled: number[] = [];
    for (const { slot, request, pin } of commands) {
      if (request === 'get') last.delete(slot);
      else if (pin !== '' && last.get(slot) === pin) doubled.push(slot);
      else last.set(slot, pin);
    }
    expect(commands.filter(({ request }) => request === 'set').length).toBeGreaterThan(5);
    expect(doubled).toEqual([]);
  });

  it('left no PIN in what the server said', () => {
    expect(house.said.length).toBeGreaterThan(1_000);
    expect(house.logged()).toEqual([]);
  });
});
