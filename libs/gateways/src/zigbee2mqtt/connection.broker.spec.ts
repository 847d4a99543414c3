import { TcpProxy, until } from '@latchkey/platform';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LockCode } from '../lock-gateway';
import { SiteUnderTest } from './testing/site-under-test';
import { startOldBroker } from './testing/old-broker';

const guest: LockCode = { name: null, pin: '2580', window: null };
const kinds = (site: SiteUnderTest) => site.reports.map(({ kind }) => kind);

let site: SiteUnderTest;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await site.close();
  for (const close of closing.splice(0)) await close();
});

describe('a broker', () => {
  it('that goes and comes back is told once each, and nothing is asked of locks in between', async () => {
    site = await SiteUnderTest.start();
    const { lock } = await site.pair();
    await site.broker.kill();
    await until(() => kinds(site).includes('system-lost'));
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'unreachable' });
    expect(await site.adapter.locks(site.account)).toMatchObject({ kind: 'unreachable' });
    // It is sought again and again meanwhile, in vain.
    const { length: before } = site.clients;
    await until(() => site.clients.length > before + 3);
    await site.broker.launch();
    await until(() => kinds(site).includes('system-back'));
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    expect(kinds(site).filter((kind) => kind.startsWith('system'))).toEqual(['system-lost', 'system-back']);
    // What was asked while it was away was not sent when it came back.
    expect(site.device(lock).lock.slotsInUse).toHaveLength(1);
  });

  it('that goes in the middle of a command leaves it unknown, and reading back tells', async () => {
    site = await SiteUnderTest.start();
    const { lock, device } = await site.pair();
    await site.adapter.list(lock);
    device.lock.faults.latencyMs = 100;
    let killed!: Promise<void>;
    jest.spyOn(device.lock, 'set').mockImplementationOnce((slot, pin, enabled) => {
      killed = site.broker.kill();
      return device.lock.set(slot, pin, enabled);
    });
    const answer = site.adapter.program(lock, guest);
    expect(await answer).toMatchObject({ kind: 'unknown' });
    await killed;
    await site.broker.launch();
    await until(() => kinds(site).includes('system-back'));
    expect(await site.adapter.list(lock)).toMatchObject({ value: [{ pin: guest.pin, status: 'active' }] });
  });

  it('whose connection is half open is noticed, and another is opened', async () => {
    let proxy!: TcpProxy;
    site = await SiteUnderTest.start({
      address: async (broker) => `mqtt://127.0.0.1:${(proxy = await TcpProxy.to(broker.port)).port}`,
    });
    closing.push(() => proxy.close());
    const { lock } = await site.pair();
    await site.adapter.list(lock);
    proxy.halfOpen();
    // Sent into nothing: the lock does not answer.
    expect(['refused', 'unreachable']).toContain((await site.adapter.program(lock, guest)).kind);
    await until(() => kinds(site).includes('system-back'));
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
  });

  it('that takes long to pass things on is waited for', async () => {
    let proxy!: TcpProxy;
    site = await SiteUnderTest.start({
      address: async (broker) => `mqtt://127.0.0.1:${(proxy = await TcpProxy.to(broker.port)).port}`,
    });
    closing.push(() => proxy.close());
    const { lock, device } = await site.pair({ users: 4 });
    proxy.delay(60);
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    expect(device.lock.opens(guest.pin)).toBe(true);
  });

  it('that wants a password gets it, and is distinguished from one that is away', async () => {
    const login = { username: 'latchkey', password: 'hush hush' };
    site = await SiteUnderTest.start({ broker: { login } });
    await site.pair();
    const { address } = site;
    const check = (given: object) => site.adapter.check(site.system, { address, ...given });
    expect(await check(login)).toEqual({
      kind: 'answered',
      value: {
        systemId: '0x00124b0000000001',
        version: expect.stringMatching(/^Zigbee2MQTT \d/) as string,
        locks: [expect.objectContaining({ name: 'Door 1' })],
        connection: { address, ...login },
      },
    });
    for (const wrong of [{}, { ...login, password: 'wrong' }]) {
      expect(await check(wrong)).toMatchObject({ kind: 'unauthorized' });
    }
    for (const wrong of ['http://127.0.0.1', 'mqtt://example.org', 'mqtt://u:p@hub.local', 'hub', '']) {
      expect(await check({ address: wrong })).toMatchObject({
        kind: 'refused',
        errorCode: 'INVALID_ADDRESS',
      });
    }
    const nowhere = await check({ address: 'mqtt://127.0.0.1:9' });
    expect(nowhere).toEqual({ kind: 'unreachable', message: 'No connection to the broker (ECONNREFUSED).' });
    expect(site.logged.join()).not.toContain('hush');
  });

  it('that speaks TLS is believed by its own certificate alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-tls-'));
    closing.push(() => rm(folder, { recursive: true }));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1`;
    execFileSync('openssl', [...request.split(' '), '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
    const ca = await readFile(certFile, 'utf8');
    site = await SiteUnderTest.start({
      broker: { tls: { certFile, keyFile } },
      system: { ca },
      standIn: { ca },
    });
    const { lock } = await site.pair();
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    const { ca: _, ...unknowing } = site.system;
    expect(await site.adapter.check(unknowing, { address: site.address })).toEqual({
      ...{ kind: 'unreachable', message: 'No connection to the broker (DEPTH_ZERO_SELF_SIGNED_CERT).' },
    });
  });

  it.each(['refuses', 'hangs up'] as const)('that %s MQTT 5 is spoken to in 3.1.1', async (how) => {
    let asked!: readonly number[];
    site = await SiteUnderTest.start({
      address: async (broker) => {
        const old = await startOldBroker(broker.port, how);
        closing.push(old.close);
        asked = old.versions;
        return `mqtt://127.0.0.1:${old.port}`;
      },
    });
    const { lock } = await site.pair();
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    expect(asked).toEqual([5, 4]);
  });
});

describe('Zigbee2MQTT', () => {
  it('that stops, or is killed, is a hub that is offline; it is followed when it is back', async () => {
    site = await SiteUnderTest.start();
    const { lock } = await site.pair();
    expect(await site.described(lock)).toMatchObject({ online: true, hubOnline: true });
    for (const end of [() => site.standIn.stop(), () => Promise.resolve(site.standIn.crash())]) {
      site.reports.length = 0;
      await end();
      await until(async () => (await site.described(lock))?.hubOnline === false);
      expect(await site.described(lock)).toMatchObject({ online: false });
      expect(await site.adapter.program(lock, guest)).toMatchObject({
        kind: 'refused',
        errorCode: 'DEVICE_OFFLINE',
      });
      expect(site.reports).toEqual([{ kind: 'offline', lockId: lock.lockId }]);
      await site.standIn.start();
      await until(async () => (await site.described(lock))?.online === true);
    }
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
    expect(site.device(lock).lock.slotsInUse).toHaveLength(1);
  });

  it('is not there, or publishes nothing that can be read: one line each says so', async () => {
    site = await SiteUnderTest.start({ standIn: { output: 'attribute' } });
    const { address } = site;
    expect(await site.adapter.check(site.system, { address })).toEqual({
      ...{ kind: 'unreachable', message: "Zigbee2MQTT's setting advanced.output must be json." },
    });
    const elsewhere = { ...site.system, baseTopic: 'other' };
    expect(await site.newAdapter().check(elsewhere, { address })).toEqual({
      ...{ kind: 'unreachable', message: 'No Zigbee2MQTT is heard under the topic other.' },
    });
  });

  it('is heard under the topic that it is set to', async () => {
    const baseTopic = 'haus/zigbee über';
    site = await SiteUnderTest.start({ standIn: { baseTopic }, system: { baseTopic } });
    const { lock } = await site.pair();
    expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'accepted' });
  });
});

it('an account whose connection could not be read, or that was connected later, is opened then', async () => {
  site = await SiteUnderTest.start();
  await site.pair();
  const account = { accountId: 'account-2', maker: 'house' };
  expect(await site.adapter.locks(account)).toMatchObject({ kind: 'unauthorized' });
  site.connections.set('account-2', { address: site.address });
  jest.spyOn(site.connections, 'get').mockImplementationOnce(() => {
    throw new Error('the database is away');
  });
  await expect(site.adapter.locks(account)).rejects.toThrow('the database is away');
  expect(await site.adapter.locks(account)).toMatchObject({
    kind: 'answered',
    value: [{ model: 'Yale YRD426NRSC' }],
  });
});

it('an account that nobody connected, or that was forgotten, is not reached', async () => {
  site = await SiteUnderTest.start();
  const { lock } = await site.pair();
  expect(await site.adapter.locks({ accountId: 'other', maker: 'house' })).toMatchObject({
    kind: 'unauthorized',
  });
  await site.adapter.forget(site.account);
  expect(site.connections.size).toBe(0);
  expect(await site.adapter.program(lock, guest)).toMatchObject({ kind: 'unauthorized' });
});
