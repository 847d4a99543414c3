import { afterEachCrash } from '@latchkey/event-sourcing';
import type { Refusal } from '@latchkey/gateways';
import { ACCOUNT_ID, cause, connected, DeviceScenario, onAccount } from '../testing/device-scenario';
import { recordOutage } from './outages';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const failedOf = (refusal: Refusal) =>
  devices.when(({ streams }) => recordOutage(streams, ACCOUNT_ID, refusal, cause));
const noGrant: Refusal = { kind: 'unauthorized', message: 'no grant' };
const noRoute: Refusal = { kind: 'unreachable', message: 'no route' };
const disconnected = onAccount({ type: 'AccountDisconnected', data: { reason: 'no grant' } });
const unreachable = onAccount({ type: 'MakerUnreachable', data: { reason: 'no route' } });

describe('the failure of a call to a lock maker', () => {
  it('that is about the account’s grant is recorded once', async () => {
    await devices.given(connected());
    await failedOf(noGrant).then(disconnected);
    await failedOf(noGrant).then();
    await devices.given(onAccount({ type: 'AccountReconnected', data: {} }));
    await failedOf(noGrant).then(disconnected);
  });

  it('that is an outage of the maker is recorded once, until the maker is back', async () => {
    await devices.given(connected());
    await failedOf(noRoute).then(unreachable);
    await failedOf({ ...noRoute, message: 'another' }).then();
    await devices.given(onAccount({ type: 'MakerReachable', data: {} }));
    await failedOf(noRoute).then(unreachable);
  });

  it('that does not concern the account is not recorded', async () => {
    await devices.given(connected());
    await failedOf({ kind: 'unreachable', message: 'too many requests', retryAfterMs: 1_000 }).then();
    await failedOf({ kind: 'refused', errorCode: 'NO_SLOT', message: 'full' }).then();
    await failedOf({ kind: 'unknown', message: 'timed out' }).then();
  });

  it('is not recorded for an account that does not exist or was removed', async () => {
    await devices.given();
    await failedOf(noGrant).then();
    await devices.given(connected(), onAccount({ type: 'AccountRemoved', data: {} }));
    await failedOf(noGrant).then();
    await failedOf(noRoute).then();
  });

  it('is decided again when somebody else was faster', async () => {
    await devices.given(connected());
    devices.overtakenBy(unreachable);
    await failedOf(noRoute).then(unreachable);
    devices.overtakenBy(disconnected);
    await failedOf(noGrant).then(disconnected);
  });

  it('has the same result after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected());
        await scenario
          .when(({ streams }) => recordOutage(streams, ACCOUNT_ID, noRoute, cause))
          .then(unreachable);
      },
    ));
});
