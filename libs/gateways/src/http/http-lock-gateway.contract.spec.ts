import { startLockCloud } from '../../../../apps/lock-cloud/src/index';
import { lockGatewayContract } from '../contract/lock-gateway-contract';
import { type CloudSettings, simulatedCloud } from '../testing/simulated-cloud';

const startCloud = ({ clientId, clientSecret, now }: CloudSettings) =>
  startLockCloud({
    port: 0,
    dataDir: ':memory:',
    locks: 'none',
    clock: { now, running: false },
    clientId,
    clientSecret,
  });

lockGatewayContract('HttpLockGateway at the simulated cloud', () => simulatedCloud(startCloud));
