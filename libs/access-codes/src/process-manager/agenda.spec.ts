import { HOUR, iso, MINUTE } from '@latchkey/platform';
import type { Database } from '@latchkey/database';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  aCodeOnLock,
  ACCOUNT_ID,
  aLock,
  anUnmanagedCode,
  DEVICE,
  type Given,
  lockCodeIdOf,
  onAccount,
  onCode,
  onDevice,
  onKeypad,
  useFeature,
} from '../testing';
import { AGENDA, type AgendaTables } from './agenda-tables';

const LATER = T0 + HOUR;
const held = lockCodeIdOf(CODE);
const sent = onCode('RemovalSent', {
  ...{ commandId: 'remove-1', lockCodeId: held, purpose: 'removal', attempt: 1 },
  deadline: iso(LATER + MINUTE),
});
const failed = onCode('RemovalFailed', {
  ...{ commandId: 'remove-1', errorCode: 'LOCK_JAMMED', message: 'no', kind: 'passing', retryAt: null },
});

describe('the agenda, folded from events', () => {
  const feature = useFeature();
  const db = () => (feature.installation.views as Database<AgendaTables>).db;
  /** Nothing is due but what happens from now on, an hour later. */
  const allWaits: Given = async ({ clock }) => {
    await feature.process.caughtUp();
    await db().updateTable(AGENDA).set({ due_at: null }).execute();
    clock.put(LATER);
  };
  const due = async (): Promise<Record<string, number | null>> => {
    const rows = await db().selectFrom(AGENDA).select(['subject', 'due_at']).orderBy('subject').execute();
    return Object.fromEntries(
      rows.filter(({ due_at }) => due_at !== null).map((row) => [row.subject, row.due_at]),
    );
  };
  const code = `code:${CODE}`;
  const device = `device:${DEVICE}`;
  const account = `account:${ACCOUNT_ID}`;

  it('accounts, devices and codes that are new are due', async () => {
    await feature.given(aLock(), aCode());
    expect(await due()).toEqual({ [account]: T0, [device]: T0, [code]: T0 });
  });

  it('a code that was found on a lock is due, and its id there is recorded as its own', async () => {
    await feature.given(aLock(), allWaits, anUnmanagedCode());
    expect(await due()).toEqual({ [code]: LATER });
    expect(await feature.process.rows.codeOf(DEVICE, held)).toBe(CODE);
  });

  it.each<[string, Given, Given]>([
    ['is changed', aCode(), onCode('ChangeRequested', { name: 'Ann' })],
    ['is to be removed', aCode(), onCode('RemovalStarted', { cause: 'deleted' })],
    ['has lost its connection', aCode(), onCode('ConnectionLost')],
    ['was changed by somebody', aCodeOnLock(), onCode('RemovedExternally', { accepted: false })],
    ['is to be forgotten', aCode(), onCode('Forgotten')],
  ])('a code is due when it %s', async (_what, before, event) => {
    await feature.given(aLock(), before, allWaits, event);
    expect(await due()).toEqual({ [code]: LATER });
  });

  it('a command makes its code due when it has run out, and holds its lock until then', async () => {
    await feature.given(aLock(), aCodeOnLock(), allWaits, sent);
    expect(await due()).toEqual({ [code]: LATER + MINUTE });
    expect(await feature.process.rows.lockFreeAt(DEVICE)).toBe(LATER + MINUTE);
    await feature.given(failed);
    expect(await due()).toEqual({ [code]: LATER });
    expect(await feature.process.rows.lockFreeAt(DEVICE)).toBeNull();
  });

  it('what the lock calls a code is known from its first promise until the code is gone', async () => {
    const whose = () => feature.process.rows.codeOf(DEVICE, 'promised');
    const programming = onCode('ProgrammingStarted', {
      ...{ commandId: 'c', operation: 'create', lockCodeId: null, attempt: 1, deadline: iso(T0 + MINUTE) },
      content: { name: 'Guest', pin: '1234', window: null },
    });
    await feature.given(aLock(), aCode(), programming);
    expect(await whose()).toBeUndefined();
    await feature.given(onCode('ProgrammingAccepted', { commandId: 'c', lockCodeId: 'promised' }));
    expect(await whose()).toBe(CODE);
    await feature.given(onCode('Removed', { cause: 'deleted', wasOnDevice: true }));
    expect(await whose()).toBeUndefined();
  });

  it('a reservation is looked at when its grace is over, a code that came for it at once', async () => {
    await feature.given(
      aLock(),
      allWaits,
      onKeypad('PinReserved', { codeId: CODE, pin: '1234', window: null }),
    );
    expect(await due()).toEqual({ [code]: LATER + 5 * MINUTE });
    await feature.given(aCode());
    expect(await due()).toEqual({ [code]: LATER });
  });

  it('what leaves a keypad makes those due that wait for it, and no others', async () => {
    await feature.given(aLock(), aCode(), aCode({ codeId: OTHER, pin: '4321' }), allWaits);
    await db().updateTable(AGENDA).set({ for_keypad: 1 }).where('id', '=', OTHER).execute();
    await feature.given(onKeypad('PinReleased', { codeId: 'gone', pinFingerprint: null }));
    expect(await due()).toEqual({ [`code:${OTHER}`]: LATER });
  });

  it('a backup code that is given away makes its device due, since another one is missing', async () => {
    const backup = aCodeOnLock({ codeId: OTHER, isBackup: true, pin: '9000' });
    const schedule = { startsAt: iso(T0), endsAt: iso(LATER + HOUR) };
    await feature.given(
      aLock(),
      backup,
      allWaits,
      onCode('BackupAssigned', { forCodeId: CODE, schedule }, OTHER),
    );
    expect(await due()).toEqual({ [`code:${OTHER}`]: LATER, [device]: LATER });
  });

  it.each<[string, Given, boolean]>([
    ['went offline', onDevice('DeviceDisconnected', { errorCode: 'device_disconnected' }), true],
    ['was taken out of its account', onDevice('DeviceRemoved'), true],
    ['has a clock that is off', onDevice('ClockDrifted', { driftMs: 90_000 }), true],
    ['has a weak battery', onDevice('BatteryRanLow', { level: 0.1 }), false],
    ['has another name', onDevice('DeviceUpdated', { nickname: 'Door' }), false],
  ])(
    'a device and its codes are looked at when it %s, if that matters to them',
    async (_what, event, matters) => {
      await feature.given(aLock(), aCode(), allWaits, event);
      expect(await due()).toEqual(matters ? { [code]: LATER, [device]: LATER } : {});
    },
  );

  it('a device alone is looked at when backup codes are wanted on it', async () => {
    await feature.given(aLock(), aCode(), allWaits, onDevice('DeviceUpdated', { backupPool: true }));
    expect(await due()).toEqual({ [device]: LATER });
  });

  it.each<[string, Given, readonly string[]]>([
    ['is out', onAccount('MakerUnreachable', { reason: 'away' }), [account, code, device]],
    ['is back', onAccount('MakerReachable'), [account, code, device]],
    ['is to be looked at', onAccount('SyncRequested'), [account]],
    ['has another name', onAccount('AccountUpdated', { displayName: 'Locks' }), []],
  ])('an account, and what matters to its devices and codes, when it %s', async (_what, event, subjects) => {
    const whole = [aLock(), aCode(), allWaits];
    await feature.given(...whole, event);
    const ofAccount = Object.keys(await due()).sort();
    expect(ofAccount).toEqual([...subjects].sort());
  });
});
