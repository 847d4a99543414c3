import { HOUR, iso, MINUTE } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import type { Window } from './content';
import { codeFold } from './code-fold';
import { change, remove, reported } from './decisions';
import type { CodeEvent, StoredContent } from './events';
import { keypadFold, occupant, PinTaken, reserve } from './keypad';
import type { Listed, ReadBack } from './listing';
import { reconcile } from './read-back';
import {
  account,
  around,
  at,
  CODE,
  content,
  creating,
  fold,
  keypadOf,
  nativeLock,
  onLock,
  OTHER,
  pin,
  planned,
  removalSent,
  reservation,
  T0,
} from './testing/builders';
import { isSpare } from './backup';
import { letGo, refuseConversion, unknownAmong, takeIntoManagement } from './unmanaged';

const stay: Window = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };

const seen = (window: Window | null = null, more: Partial<StoredContent> = {}): Happened<CodeEvent> =>
  at(T0, {
    type: 'UnmanagedCodeSeen',
    data: {
      codeId: CODE,
      workspaceId: 'workspace-1',
      deviceId: 'device-1',
      accountId: 'account-1',
      lockCodeId: 'lock-code-1',
      content: content(window, { name: 'Owner', ...more }),
    },
  });

const entry = (more: Partial<Listed> = {}): Listed => ({
  lockCodeId: 'lock-code-1',
  name: 'Owner',
  pinFingerprint: 'pin-a',
  window: null,
  status: 'active',
  ...more,
});

const readBack = (listed: Listed[]): ReadBack => ({
  listed,
  claimed: () => false,
  now: T0 + HOUR,
  retryAt: T0 + 2 * HOUR,
});

const read = (events: readonly Happened<CodeEvent>[], listed: Listed[]) =>
  given(codeFold, events).when((code) => reconcile(code!, readBack(listed)));

const converted = at(T0 + MINUTE, {
  type: 'TakenIntoManagement',
  data: { externalModificationAllowed: false },
});
const released = at(T0 + MINUTE, { type: 'LetGo', data: {} });
const deleted = at(T0 + MINUTE, { type: 'RemovalStarted', data: { cause: 'deleted' } });
const gone: CodeEvent = { type: 'UnmanagedCodeGone', data: {} };

describe('an unmanaged code, read back', () => {
  it('is as it was', () => read([seen()], [entry()]).then([]));
  it('is gone', () => read([seen()], [entry({ lockCodeId: 'another' })]).then([gone]));
  it('has another name', () =>
    read([seen()], [entry({ name: 'Mum' })]).then([
      { type: 'UnmanagedCodeChanged', data: { content: content(null, { name: 'Mum' }) } },
    ]));
  it('has another PIN, once that is sealed', () => {
    const other = { pinFingerprint: 'pin-b', pin: pin('pin-b').pin };
    read([seen()], [entry({ pinFingerprint: 'pin-b' })]).then([]);
    read([seen()], [entry(other)]).then([
      { type: 'UnmanagedCodeChanged', data: { content: content(null, { name: 'Owner', ...pin('pin-b') }) } },
    ]);
  });
  it('has another window', () =>
    read([seen()], [entry({ window: stay })]).then([
      { type: 'UnmanagedCodeChanged', data: { content: content(stay, { name: 'Owner' }) } },
    ]));
  it('is about to be another', () => read([seen()], [entry({ name: 'Mum', status: 'pending' })]).then([]));
  it('is off the lock, as requested', () => {
    const going = [seen(), deleted, at(T0 + MINUTE, removalSent('remove-1', 'removal', T0 + HOUR))];
    read(going, []).then([{ type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } }]);
  });
  it('is looked at again when its lock reports anything of it', () =>
    given(codeFold, [seen()])
      .when((code) =>
        reported(
          code,
          { operation: 'updated', lockCodeId: 'lock-code-1', success: true, errorCode: null, retryAt: 0 },
          T0,
        ),
      )
      .then('read-back'));
});

describe('an entry on a lock', () => {
  const of = (listed: Listed[], known: string[], codes: AccessCode[] = []) =>
    unknownAmong(listed, new Set(known), codes).map(({ lockCodeId }) => lockCodeId);
  const guest = (more: Partial<Listed> = {}) => entry({ name: 'Guest', ...more });

  it("is somebody else's if nobody that we know has it", () => {
    expect(of([entry(), entry({ lockCodeId: 'b' })], ['lock-code-1'])).toEqual(['b']);
  });
  it('is not known while the lock has only promised it', () => {
    expect(of([entry({ status: 'pending' })], [])).toEqual([]);
  });
  it('is not known while a creation of ours that looks the same is unanswered', () => {
    const code = fold(creating(null, false));
    expect(of([guest()], [], [code])).toEqual([]);
    expect(of([guest({ pinFingerprint: 'pin-b' })], [], [code])).toEqual(['lock-code-1']);
  });
  it('is not known while a creation that was given up may still turn up', () => {
    const code = fold([
      ...creating(null, false),
      at(T0 + MINUTE, {
        type: 'ProgrammingFailed',
        data: {
          commandId: 'create-1',
          errorCode: 'NO_ANSWER',
          message: '',
          kind: 'passing',
          retryAt: iso(T0),
        },
      }),
    ]);
    expect(of([guest()], [], [code])).toEqual([]);
  });
  it('is ours when one of our codes is known to have it', () => {
    expect(of([guest({ pinFingerprint: 'pin-b' })], [], [fold(onLock(null, false))])).toEqual([]);
  });
});

describe('taking a code into management', () => {
  it('wants what the lock holds', () => {
    const code = fold([seen(stay), converted]);
    expect(code).toMatchObject({
      life: { phase: 'managed' },
      wanted: { name: 'Owner', schedule: stay },
      known: { setAt: null },
    });
    expect(planned(around(T0 + 2 * MINUTE))(code)).toEqual({
      do: 'wait',
      until: stay.startsAt,
      forKeypad: false,
    });
  });
  it('is asked for once', () => {
    given(codeFold, [seen()])
      .when((code) => takeIntoManagement(code, true))
      .then([{ type: 'TakenIntoManagement', data: { externalModificationAllowed: true } }]);
    given(codeFold, [seen(), converted])
      .when((code) => takeIntoManagement(code, true))
      .then([]);
  });
  it('is refused for one that is being removed or gone', () => {
    given(codeFold, [seen(), deleted])
      .when((code) => takeIntoManagement(code, true))
      .thenFails('being removed');
    given(codeFold, [seen(), at(T0, gone)])
      .when((code) => takeIntoManagement(code, true))
      .thenFails('does not exist');
  });
  it('is recorded as refused once for each code that has its PIN', () => {
    const refused = { type: 'ConversionRefused', data: { byCodeId: OTHER } } as const;
    given(codeFold, [seen()])
      .when((code) => refuseConversion(code, OTHER))
      .then([refused]);
    given(codeFold, [seen(), at(T0, refused)])
      .when((code) => refuseConversion(code, OTHER))
      .then([]);
  });
});

describe('letting go of a code', () => {
  it('keeps what the lock holds', () => {
    given(codeFold, onLock(stay, true))
      .when(letGo)
      .then([{ type: 'LetGo', data: {} }]);
    const code = fold([...onLock(stay, true), released]);
    expect(code).toMatchObject({
      life: { phase: 'unmanaged' },
      wanted: { schedule: stay },
      known: { onLock: { lockCodeId: 'lock-code-1' } },
    });
    // Not even its end is ours to keep.
    expect(planned(around(stay.endsAt + HOUR))(code)).toMatchObject({ do: 'reserve' });
  });
  it('ends its special properties, also for when it is managed again', () => {
    const special = [
      ...onLock(null, true, { isBackup: true, isOneTimeUse: true, usesBackupPool: true }),
      released,
      at(T0 + HOUR, { type: 'TakenIntoManagement', data: { externalModificationAllowed: false } }),
    ];
    expect(fold(special)).toMatchObject({
      life: { phase: 'managed', backup: null, pulledBackup: null },
      wanted: { isOneTimeUse: false, usesBackupPool: false },
    });
    expect(isSpare(fold(special))).toBe(false);
  });
  it('is refused while the lock does not hold it as it should', () => {
    given(codeFold, creating(null, false)).when(letGo).thenFails('set on its device');
    given(codeFold, [...onLock(null, false), deleted])
      .when(letGo)
      .thenFails('being removed');
    given(codeFold, []).when(letGo).thenFails('does not exist');
  });
  it('leaves nothing to be requested of it', () =>
    given(codeFold, [...onLock(stay, true), released])
      .when((code) => change(code, { name: 'Ann' }))
      .thenFails('does not exist'));
  it('is done once', () =>
    given(codeFold, [...onLock(stay, true), released])
      .when(letGo)
      .then([]));
});

describe('deleting an unmanaged code', () => {
  it('is requested as with a managed one, and takes it off the lock', () => {
    given(codeFold, [seen()])
      .when(remove)
      .then([{ type: 'RemovalStarted', data: { cause: 'deleted' } }]);
    expect(planned(around(T0 + MINUTE))(fold([seen(), deleted]))).toEqual({
      do: 'remove',
      purpose: 'removal',
      lockCodeId: 'lock-code-1',
    });
  });
});

describe('the plan for an unmanaged code', () => {
  const foreign = { ...reservation(CODE, 'pin-a', null), foreign: true as const };
  const settled = around(T0 + HOUR, { keypad: keypadOf(foreign) });

  it('is to count its PIN as taken', () => {
    expect(planned(around(T0, { keypad: keypadOf(reservation(OTHER, 'pin-b', null)) }))).toBeDefined();
    const bare = around(T0 + HOUR, { keypad: keypadOf(reservation(CODE, 'pin-z', null, T0 + HOUR)) });
    expect(planned(bare)(fold([seen()]))).toEqual({ do: 'reserve' });
  });
  it('is to wait, whatever the time', () => {
    expect(planned(settled)(fold([seen()]))).toEqual({ do: 'wait', until: null, forKeypad: false });
  });
  it('is to release a PIN that it had before', () => {
    const changed = at(T0, { type: 'UnmanagedCodeChanged', data: { content: content(null, pin('pin-b')) } });
    const both = keypadOf(foreign, { ...foreign, pinFingerprint: 'pin-b' });
    expect(planned(around(T0, { keypad: both }))(fold([seen(), changed]))).toEqual({
      do: 'release',
      pinFingerprint: 'pin-a',
    });
  });
  it('is to forget it with its device or account', () => {
    for (const lost of [
      { device: { ...nativeLock, removedAt: T0 } },
      { account: { ...account, connected: false, removedAt: T0 } },
    ]) {
      expect(planned(around(T0, lost))(fold([seen()]))).toEqual({ do: 'append', events: [gone] });
    }
  });
});

describe('a PIN that somebody else has put on the lock', () => {
  const keypad = keypadOf({ ...reservation(OTHER, 'pin-a', null), foreign: true });
  const wanted = { codeId: CODE, pinFingerprint: 'pin-a', window: stay };

  it('can be requested all the same, and counts as taken where one is drawn', () => {
    expect(reserve(keypad, wanted)).toHaveLength(1);
    expect(occupant(keypad, wanted)?.codeId).toBe(OTHER);
  });
  it('is noted even if a code of ours has it', () => {
    const ours = keypadOf(reservation(OTHER, 'pin-a', null));
    expect(reserve(ours, { ...wanted, foreign: true })).toHaveLength(1);
    expect(() => reserve(ours, wanted)).toThrow(PinTaken);
  });
  it('becomes a managed one, and unmanaged again', () => {
    const taken = reserve(keypad, { codeId: OTHER, pinFingerprint: 'pin-a', window: null });
    const after = taken.reduce((state, event) => keypadFold.evolve(state, { ...event, at: T0 }), keypad);
    expect(() => reserve(after, wanted)).toThrow(PinTaken);
    expect(reserve(after, { codeId: OTHER, pinFingerprint: 'pin-a', window: null, foreign: true })).toEqual([
      {
        type: 'PinReserved',
        data: { codeId: OTHER, pinFingerprint: 'pin-a', window: null, foreign: true },
      },
    ]);
  });
  it('is not overwritten by a code of ours at the same time', () => {
    const own = reservation(CODE, 'pin-a', null);
    const on = around(T0, { keypad: { ...keypad, reservations: [...keypad.reservations, own] } });
    const code = fold([at(T0, { type: 'CodeRequested', data: requestedData })]);
    expect(planned(on)(code)).toMatchObject({ do: 'wait', forKeypad: true });
  });
  it('is left to the lock at other times', () => {
    const later = { startsAt: T0 + 200 * HOUR, endsAt: T0 + 201 * HOUR };
    const theirs = { ...reservation(OTHER, 'pin-a', later), foreign: true as const };
    const own = reservation(CODE, 'pin-a', stay);
    const on = around(T0, { keypad: keypadOf(theirs, own) });
    const schedule = { startsAt: iso(stay.startsAt), endsAt: iso(stay.endsAt) };
    const code = fold([at(T0, { type: 'CodeRequested', data: { ...requestedData, schedule } })]);
    expect(planned(on)(code)).toMatchObject({ do: 'program' });
  });
});

const requestedData = {
  codeId: CODE,
  workspaceId: 'workspace-1',
  deviceId: 'device-1',
  accountId: 'account-1',
  name: 'Guest',
  ...pin('pin-a'),
  schedule: null,
  preferNativeScheduling: true,
  externalModificationAllowed: false,
  commonCodeKey: null,
  isOneTimeUse: false,
  usesBackupPool: false,
  isBackup: false,
};
