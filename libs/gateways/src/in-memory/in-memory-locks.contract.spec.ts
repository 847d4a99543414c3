import type { GatewayUnderTest } from '../contract/gateway-under-test';
import { lockGatewayContract } from '../contract/lock-gateway-contract';
import { InMemoryLocks } from './in-memory-locks';

const account = { accountId: 'account-1', maker: 'memory' };

function start(): Promise<GatewayUnderTest> {
  let now = Date.UTC(2026, 5, 1, 12);
  let count = 0;
  const gateway = new InMemoryLocks({ now: () => now });
  const wait = (ms: number): Promise<void> => {
    now += ms;
    return Promise.resolve();
  };
  return Promise.resolve({
    gateway,
    account,
    now: () => now,
    freshLock: (abilities = {}) => {
      const ref = { ...account, lockId: `lock-${++count}` };
      gateway.add(ref, { nativeScheduling: false, ...abilities });
      return Promise.resolve(ref);
    },
    settle: () => {
      gateway.settle();
      return wait(30_000);
    },
    wait,
    opens: ({ lockId }, pin) => Promise.resolve(gateway.opens(lockId, pin)),
    setOnline: ({ lockId }, online) => Promise.resolve(gateway.setOnline(lockId, online)),
    loseNextAnswer: () => Promise.resolve(gateway.answerNext('lost')),
    putByHand: ({ lockId }, code) => Promise.resolve(void gateway.putByHand(lockId, code)),
    reports: () => gateway.reports,
    close: () => Promise.resolve(),
  });
}

lockGatewayContract('locks in memory', start);
