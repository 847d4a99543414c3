import { MINUTE } from '@latchkey/platform';
import { binaryEvent, type EventData, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { RestartableServer } from '../testing/restartable-server';

const server = new RestartableServer();
// The vendor's client keeps one list of pending appends for all clients of a process, and disposing one drops it: also
// what the server, which runs in this process here, waits for.
const otherClients: EventStoreDBClient[] = [];
beforeAll(() => server.start(), 60_000);
afterAll(async () => {
  await server.discard();
  for (const otherClient of otherClients) await otherClient.dispose();
});

/** What somebody may append who may append at all. */
const foreign = (): EventData[] => [
  jsonEvent({ type: 'Hello', data: { from: 'somebody' } }),
  jsonEvent({ type: 'CodeRequested', data: {}, metadata: { schemaVersion: 1 } }),
  jsonEvent({ type: 'PinReserved', data: { codeId: 7 }, metadata: { schemaVersion: '1' } }),
  jsonEvent({ type: 'AccountConnected', data: [] as never }),
  jsonEvent({ type: 'access_code.set_on_device', data: { code: null } }),
  binaryEvent({ type: 'DeviceAdded', data: Buffer.from([0, 255, 1]) }),
  binaryEvent({ type: 'Removed', data: Buffer.from('{}'), metadata: Buffer.from([7]) }),
];

async function appendEverywhere(streams: readonly string[]): Promise<void> {
  const endpoint = ownerAddress(join(server.dataDir, 'eventstore'));
  const otherClient = new EventStoreDBClient({ endpoint }, { insecure: true });
  otherClients.push(otherClient);
  for (const stream of streams) await otherClient.appendToStream(stream, foreign());
}

it('lets nobody’s events hold anything up, live, after a restart and in a rebuild', async () => {
  const { api, locks } = server;
  const lock = await locks.add();
  const device_id = lock.deviceId;
  const code = await api.create({ device_id, code: '4821' });
  await api.advance(MINUTE);
  const [device] = (await api.devices()).filter((each) => each.device_id === device_id);
  const streams = [
    `accessCode-${code.access_code_id}`,
    `keypad-${device_id}`,
    `device-${device_id}`,
    `door-${device_id}`,
    `account-${device!.connected_account_id}`,
    `events-${device!.workspace_id}`,
    `accessCode-${randomUUID()}`,
    `account-${randomUUID()}`,
    `events-${randomUUID()}`,
    'keypad-',
    'actionAttempt-nobody',
  ];

  /** Everything that is done with codes on that lock, within the time that it takes without. */
  const works = async (pin: string) => {
    const at = Date.now();
    const other = await server.api.create({ device_id, code: pin });
    await server.api.update(code.access_code_id, { name: `Guest ${pin}` });
    expect(Date.now() - at).toBeLessThan(4_000);
    await server.api.advance(MINUTE);
    expect(await server.api.status(other.access_code_id)).toBe('set');
    expect((await server.api.get(code.access_code_id)).name).toBe(`Guest ${pin}`);
    expect(await server.api.eventTypes(other.access_code_id)).toContain('access_code.set_on_device');
    await server.api.delete(other.access_code_id);
    await server.api.advance(MINUTE);
    expect(await server.locks.opens(lock, pin)).toBe(false);
    expect(await server.locks.opens(lock, '4821')).toBe(true);
  };

  await works('5001');
  await appendEverywhere(streams);
  await works('5002');
  await server.stop();
  await server.start();
  await works('5003');
  await server.stop();
  server.removeViews();
  await server.start();
  await works('5004');
  await appendEverywhere(streams);
  await works('5005');
  await server.api.delete(code.access_code_id);
  await server.api.advance(MINUTE);
  expect(await server.locks.opens(lock, '4821')).toBe(false);
}, 120_000);
