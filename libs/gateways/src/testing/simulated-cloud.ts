import type { GatewayUnderTest } from '../contract/gateway-under-test';
import { HttpLockGateway } from '../http/http-lock-gateway';
import { type LockMaker } from '../http/lock-maker';
import { exchangeCode } from '../http/oauth';
import { type LockCapabilities, type LockRef } from '../lock-gateway';
import { MemoryTokenStore } from './memory-token-store';
import { ReportReceiver } from './report-receiver';

/** The simulated lock maker's cloud, as far as it is handed in here. */
export interface RunningCloud {
  readonly url: string;
  close(): Promise<void>;
}

export interface CloudSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where its clock stands at first; ms. */
  readonly now: number;
}

export interface SimulatedCloud extends GatewayUnderTest {
  readonly gateway: HttpLockGateway;
  readonly maker: LockMaker;
  readonly tokens: MemoryTokenStore;
  readonly reportsUrl: string;
  /** A call of the simulator's own API. */
  simulate(path: string, body?: object): Promise<Record<string, unknown>>;
}

const begin = Date.parse('2026-03-02T10:00:00.000Z');

/** An HttpLockGateway with one connected account at a running lock cloud, its clock in our hand. */
export async function simulatedCloud(
  startCloud: (settings: CloudSettings) => Promise<RunningCloud>,
): Promise<SimulatedCloud> {
  const client = { clientId: 'latchkey', clientSecret: 'a-secret-of-the-test' };
  const cloud = await startCloud({ ...client, now: begin });
  const maker: LockMaker = { name: 'lock-cloud', displayName: 'Lock Cloud', baseUrl: cloud.url, ...client };
  const account = { accountId: 'account-1', maker: maker.name };
  const tokens = new MemoryTokenStore();
  const receiver = await ReportReceiver.start();
  let now = begin;
  const clock = { now: () => now };

  const simulate = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${cloud.url}/simulator/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`The simulator answered ${response.status} to ${path}.`);
    return (await response.json()) as Record<string, unknown>;
  };
  const wait = async (ms: number): Promise<void> => {
    now += ms;
    await simulate('clock', { now: new Date(now).toISOString(), running: false });
  };
  const faults = (lock: LockRef, some: object) => simulate(`locks/${lock.lockId}/faults`, some);

  const gateway = new HttpLockGateway({ makers: new Map([[maker.name, maker]]), tokens, clock });
  const { code } = await simulate('authorizations', {});
  const granted = await exchangeCode(maker, { code: code as string }, { clock });
  if (granted.kind !== 'answered') throw new Error(granted.message);
  await tokens.put(account.accountId, granted.value);
  await gateway.registerWebhook(account, receiver.url);

  return {
    gateway,
    account,
    maker,
    tokens,
    reportsUrl: receiver.url,
    simulate,
    wait,
    now: () => now,
    settle: () => wait(30_000),
    freshLock: async (abilities = {}) => {
      const { lock } = await simulate('locks', { name: 'Door', ...onTheWire(abilities) });
      return { ...account, lockId: (lock as { lock_id: string }).lock_id };
    },
    opens: async (lock, pin) => (await simulate(`locks/${lock.lockId}/keypad`, { code: pin })).opens === true,
    setOnline: async (lock, online) => void (await faults(lock, { offline: !online })),
    loseNextAnswer: async (lock) => void (await faults(lock, { lose_answers: 1 })),
    putByHand: async (lock, { name, pin }) =>
      void (await simulate(`locks/${lock.lockId}/codes`, { name: name ?? '', code: pin })),
    reports: () => receiver.reports,
    close: async () => {
      await gateway.close();
      await cloud.close();
      await receiver.close();
    },
  };
}

function onTheWire(abilities: Partial<LockCapabilities>): object {
  return {
    native_scheduling: abilities.nativeScheduling ?? false,
    supported_code_lengths: abilities.supportedCodeLengths ?? [4, 5, 6, 7, 8],
    code_constraints: (abilities.codeConstraints ?? []).map(({ constraintType, minLength, maxLength }) => ({
      constraint_type: constraintType,
      min_length: minLength,
      max_length: maxLength,
    })),
    max_active_codes: abilities.maxActiveCodes ?? 50,
    can_remotely_lock: abilities.canRemotelyLock ?? true,
    can_remotely_unlock: abilities.canRemotelyUnlock ?? true,
    // Long enough that nothing is performed before the answer to it is here.
    faults: { latency_ms: 1000 },
  };
}
