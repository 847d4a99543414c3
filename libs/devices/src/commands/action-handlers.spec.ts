import { afterEachCrash } from '@latchkey/event-sourcing';
import { derivedId } from '@latchkey/platform';
import {
  added,
  caller,
  connected,
  described,
  DEVICE_ID,
  DeviceScenario,
  LOCK,
  onAttempt,
  onDevice,
  SETTINGS,
  T0,
  WORKSPACE,
} from '../testing/device-scenario';
import { GetActionAttempt } from '../views';
import { ConcludeAction, OperateLock } from './action-commands';

let devices: DeviceScenario;
beforeEach(() => void (devices = new DeviceScenario()));
afterEach(() => devices.close());

const unlock = new OperateLock(caller(), DEVICE_ID, 'unlock');
const ATTEMPT = derivedId('request-1', `unlock ${DEVICE_ID}`);
const requested = onAttempt(ATTEMPT, {
  type: 'ActionRequested',
  data: { actionAttemptId: ATTEMPT, workspaceId: WORKSPACE, deviceId: DEVICE_ID, action: 'unlock' },
});
const succeeded = onAttempt(ATTEMPT, { type: 'ActionSucceeded', data: {} });
const failed = (errorCode: string, message: string) =>
  onAttempt(ATTEMPT, { type: 'ActionFailed', data: { errorCode, message } });
const shown = () => devices.process.ask(new GetActionAttempt(WORKSPACE, ATTEMPT));

describe('OperateLock', () => {
  const absent = { kind: 'absent', what: 'device' } as const;

  it('records the request, then asks the lock; the outcome is recorded later', async () => {
    await devices.given(connected(), added());
    expect(await devices.when(unlock).then(requested)).toEqual({ actionAttemptId: ATTEMPT });
    expect(devices.maker.operated).toEqual([{ lock: LOCK, action: 'unlock', actionId: ATTEMPT }]);
    expect(await shown()).toMatchObject({ action_type: 'UNLOCK_DOOR', status: 'pending' });
  });

  it('waits for the outcome of an unanswered call until the deadline', async () => {
    await devices.given(connected(), added());
    devices.maker.operates = { kind: 'unknown', message: 'timed out' };
    await devices.when(unlock).then(requested);
    devices.clock.set(T0 + SETTINGS.commandDeadline - 1);
    expect(await shown()).toMatchObject({ status: 'pending' });
    devices.clock.set(T0 + SETTINGS.commandDeadline);
    expect(await shown()).toMatchObject({ status: 'error', error: { type: 'timed_out' } });
  });

  it.each([
    [{ kind: 'refused', errorCode: 'JAMMED', message: 'bolt' } as const, 'JAMMED', 'bolt'],
    [{ kind: 'unreachable', message: 'no route' } as const, 'UNREACHABLE', 'no route'],
    [{ kind: 'unauthorized', message: 'no grant' } as const, 'UNREACHABLE', 'no grant'],
  ])('fails at once where it was certainly not done: %j', async (answer, errorCode, message) => {
    await devices.given(connected(), added());
    devices.maker.operates = answer;
    expect(await devices.when(unlock).then(requested, failed(errorCode, message))).toEqual({
      actionAttemptId: ATTEMPT,
    });
    expect(await shown()).toMatchObject({
      status: 'error',
      error: { type: errorCode.toLowerCase(), message },
    });
  });

  it('asks a lock once, however often a request is sent; another request asks again', async () => {
    await devices.given(connected(), added());
    await devices.when(unlock).then(requested);
    expect(await devices.when(unlock).then()).toEqual({ actionAttemptId: ATTEMPT });
    await devices.given(succeeded);
    await devices.when(unlock).then();
    expect(devices.maker.operated).toHaveLength(1);
    const again = await devices.process.execute(new OperateLock(caller('request-2'), DEVICE_ID, 'unlock'));
    expect(again).not.toEqual({ actionAttemptId: ATTEMPT });
    expect(devices.maker.operated).toHaveLength(2);
  });

  it('distinguishes locking and unlocking by the same request', async () => {
    await devices.given(connected(), added());
    await devices.when(unlock).then(requested);
    await devices.process.execute(new OperateLock(caller(), DEVICE_ID, 'lock'));
    expect(devices.maker.operated.map(({ action }) => action)).toEqual(['unlock', 'lock']);
  });

  it('keeps the report of a lock that came before its maker’s answer', async () => {
    await devices.given(connected(), added());
    devices.maker.operates = { kind: 'unreachable', message: 'cut off' };
    devices.maker.onAsked = async () => await devices.given(succeeded);
    await devices.when(unlock).then(requested, succeeded);
  });

  it('is not sent twice after a crash: the lock may have got it', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected(), added());
        await scenario.when(unlock).then(requested);
        expect(scenario.maker.operated).toHaveLength(scenario.hasCrashed ? 0 : 1);
      },
    ));

  it.each(['lock', 'unlock'] as const)('refuses to %s a lock that can not do it remotely', async (action) => {
    const capabilities = {
      ...described().capabilities,
      [action === 'lock' ? 'canRemotelyLock' : 'canRemotelyUnlock']: false,
    };
    await devices.given(connected(), added(described({ capabilities })));
    await devices
      .when(new OperateLock(caller(), DEVICE_ID, action))
      .thenFails({ kind: 'untimely', why: 'action-not-supported' });
    expect(devices.maker.operated).toEqual([]);
    await devices.process.execute(
      new OperateLock(caller(), DEVICE_ID, action === 'lock' ? 'unlock' : 'lock'),
    );
    expect(devices.maker.operated).toHaveLength(1);
  });

  it('finds no device that does not exist, is another workspace’s, not managed, or away', async () => {
    await devices.given();
    await devices.when(unlock).thenFails(absent);
    await devices.given(connected(), added());
    const stranger = caller('request-1', 'workspace-2');
    await devices.when(new OperateLock(stranger, DEVICE_ID, 'unlock')).thenFails(absent);
    await devices.given(onDevice({ type: 'DeviceConvertedToUnmanaged', data: {} }));
    await devices.when(unlock).thenFails(absent);
    await devices.given(
      onDevice({ type: 'DeviceConvertedToManaged', data: {} }, { type: 'DeviceRemoved', data: {} }),
    );
    await devices.when(unlock).thenFails(absent);
    expect(devices.maker.operated).toEqual([]);
  });
});

describe('ConcludeAction', () => {
  const report = (success: boolean, errorCode: string | null = null, reporter = LOCK) =>
    new ConcludeAction(ATTEMPT, reporter, { success, errorCode });

  it('records what the lock did', async () => {
    await devices.given(connected(), added(), requested);
    await devices.when(report(true)).then(succeeded);
    expect(await shown()).toMatchObject({ status: 'success', result: { was_confirmed_by_device: true } });
  });

  it('records why the lock did not, where it says so', async () => {
    await devices.given(connected(), added(), requested);
    await devices.when(report(false, 'JAMMED')).then(failed('JAMMED', 'The lock reported JAMMED.'));
    const other = new DeviceScenario();
    await other.given(connected(), added(), requested);
    await other.when(report(false)).then(failed('FAILED', 'The lock reported FAILED.'));
    await other.close();
  });

  it('takes the first report, which may come twice', async () => {
    await devices.given(connected(), added(), requested);
    await devices.when(report(true)).then(succeeded);
    await devices.when(report(true)).then();
    await devices.when(report(false, 'JAMMED')).then();
  });

  it('is decided again when another report was faster', async () => {
    await devices.given(connected(), added(), requested);
    devices.overtakenBy(failed('JAMMED', 'bolt'));
    await devices.when(report(true)).then(failed('JAMMED', 'bolt'));
  });

  it('comes out the same after a crash', () =>
    afterEachCrash(
      () => new DeviceScenario(),
      async (scenario) => {
        await scenario.given(connected(), added(), requested);
        await scenario.when(report(true)).then(succeeded);
      },
    ));

  it('ignores reports of another lock, account or maker, and unknown attempts', async () => {
    await devices.given(connected(), added());
    await devices.when(report(true)).then();
    await devices.given(requested);
    await devices.when(report(true, null, { ...LOCK, lockId: 'lock-2' })).then();
    await devices.when(report(true, null, { ...LOCK, accountId: 'account-2' })).then();
    await devices.when(report(true, null, { ...LOCK, maker: 'other' })).then();
  });

  it('ignores an attempt that is not about a device', async () => {
    await devices.given(connected(), added());
    const reset = { actionAttemptId: ATTEMPT, workspaceId: WORKSPACE, deviceId: null } as const;
    await devices.given(
      onAttempt(ATTEMPT, { type: 'ActionRequested', data: { ...reset, action: 'reset_sandbox_workspace' } }),
    );
    await devices.when(report(true)).then();
  });
});

describe('GetActionAttempt', () => {
  it('finds no attempt that does not exist, or is another workspace’s', async () => {
    await devices.given(connected(), added());
    await expect(shown()).rejects.toThrow('The action attempt does not exist.');
    await devices.given(requested);
    const strangers = new GetActionAttempt('workspace-2', ATTEMPT);
    await expect(devices.process.ask(strangers)).rejects.toThrow('The action attempt does not exist.');
  });
});
