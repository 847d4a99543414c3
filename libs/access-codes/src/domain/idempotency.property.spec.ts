import { MINUTE } from '@latchkey/platform';
import { decidedTwice, type DecidersOf, evolved } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import type { AccessCode } from './access-code';
import * as backups from './backup';
import { codeFold } from './code-fold';
import * as commonCodes from './common-code';
import * as decisions from './decisions';
import * as erasure from './erasure';
import type { CodeEvent } from './events';
import * as keypads from './keypad';
import * as leaving from './leaving';
import type { ReadBack } from './listing';
import { nativeLock, onLock, pin, removalSent, requested, type Requested, T0 } from './testing/builders';
import { Life } from './testing/life';
import { anything, CODES } from './testing/turmoil';
import * as unmanaged from './unmanaged';

type Code = AccessCode | null;

/** A command for one of the codes of a life, with all its parameters. */
type Command = (life: Life, codeId: string) => (code: Code) => readonly CodeEvent[];

type Name = DecidersOf<
  typeof decisions & typeof unmanaged & typeof backups & typeof leaving & typeof erasure,
  CodeEvent
>;

const window = fc
  .option(fc.tuple(fc.integer({ min: -24, max: 96 }), fc.integer({ min: 1, max: 24 })))
  .map((at) => at && { startsAt: T0 + at[0] * 60 * MINUTE, endsAt: T0 + (at[0] + at[1]) * 60 * MINUTE });
const fingerprint = fc.constantFrom('pin-1', 'pin-2', 'pin-3');
const retryAt = T0 + MINUTE;
const errorCode = fc.constantFrom('INVALID_PIN', 'INVALID_NAME', 'NAME_CONFLICT', 'NOT_FOUND', 'NO_ANSWER');

/** The command in flight, or one that does not exist. */
const commandOf = (code: Code): string => code?.known.inFlight?.commandId ?? 'unknown';
const lockCodeOf = (code: Code): string =>
  code?.known.inFlight?.lockCodeId ?? code?.known.onLock?.lockCodeId ?? 'lock-code-x';

const asks = (codeId: string, of: string, more: Partial<Requested>): Requested =>
  (requested(null, { codeId, ...pin(of), ...more }) as { data: Requested }).data;

const changes: fc.Arbitrary<decisions.Changes> = fc
  .record(
    {
      name: fc.constantFrom(null, 'Ann', 'Bob'),
      of: fingerprint,
      schedule: window,
      preferNativeScheduling: fc.boolean(),
      externalModificationAllowed: fc.boolean(),
      usesBackupPool: fc.boolean(),
      again: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  .map(({ of, ...rest }) => ({ ...rest, ...(of === undefined ? {} : pin(of)) }));

const readBackOf = (life: Life): ReadBack => ({
  listed: life.lock.read(),
  claimed: () => false,
  now: life.now,
  retryAt: life.now + MINUTE,
});

/** A report about a command is about the one that was under way when the report first came. */
const ofCommand =
  (decide: (code: Code, commandId: string) => CodeEvent[]): Command =>
  (life, codeId) => {
    const commandId = commandOf(life.codes.get(codeId) ?? null);
    return (code) => decide(code, commandId);
  };

const onlyOf =
  (decide: (code: AccessCode, life: Life) => readonly CodeEvent[] | string): Command =>
  (life) =>
  (code) => {
    const decided = code ? decide(code, life) : [];
    return typeof decided === 'string' ? [] : decided;
  };

const COMMANDS: Record<Name, fc.Arbitrary<Command>> = {
  request: fc.record({ of: fingerprint, isOneTimeUse: fc.boolean(), isBackup: fc.boolean() }).map(
    ({ of, ...more }) =>
      (_life, codeId) =>
      (code) =>
        decisions.request(code, asks(codeId, of, more)),
  ),
  change: changes.map((wanted) => () => (code) => decisions.change(code, wanted)),
  remove: fc.constant(() => decisions.remove),
  accepted: fc.constant(ofCommand((code, id) => decisions.accepted(code, id, 'lock-code-new'))),
  unanswered: fc.constant(ofCommand(decisions.unanswered)),
  leftUnanswered: fc.constant(ofCommand(decisions.leftUnanswered)),
  failed: errorCode.map((code) =>
    ofCommand((state, id) => decisions.failed(state, id, { errorCode: code, message: 'no', retryAt })),
  ),
  erased: fc.constant(onlyOf((code) => (code.known.onLock ? decisions.erased(code) : []))),
  usedUp: fc.constant(() => decisions.usedUp),
  confirmed: fc.constant(
    onlyOf((code, { now }) =>
      code.known.inFlight
        ? decisions.confirmed(code, code.known.inFlight, { lockCodeId: lockCodeOf(code) }, now)
        : [],
    ),
  ),
  gone: fc.constant(
    onlyOf((code) =>
      code.known.inFlight?.content === null ? decisions.gone(code, code.known.inFlight) : [],
    ),
  ),
  reported: fc
    .record({
      operation: fc.constantFrom('created' as const, 'updated' as const, 'deleted' as const),
      success: fc.boolean(),
      errorCode: fc.option(errorCode),
    })
    .map((outcome): Command => (life, codeId) => {
      const lockCodeId = lockCodeOf(life.codes.get(codeId) ?? null);
      return (code) => {
        const told = decisions.reported(code, { ...outcome, lockCodeId, retryAt }, life.now);
        return told === 'read-back' ? [] : told;
      };
    }),
  see: fingerprint.map((of) => (_life, codeId) => (code) => {
    const { workspaceId, deviceId, accountId } = asks(codeId, of, {});
    const content = { name: 'Owner', ...pin(of), window: null };
    const data = { codeId, workspaceId, deviceId, accountId, lockCodeId: `lock-${codeId}`, content };
    return unmanaged.see(code, data);
  }),
  reconcileUnmanaged: fc.constant(
    onlyOf((code, life) =>
      code.life.phase === 'unmanaged' ? unmanaged.reconcileUnmanaged(code, readBackOf(life)) : [],
    ),
  ),
  takeIntoManagement: fc
    .boolean()
    .map((mayBeModified) => () => (code) => unmanaged.takeIntoManagement(code, mayBeModified)),
  refuseConversion: fc
    .constantFrom('code-x', 'code-y')
    .map((byCodeId) => () => (code) => unmanaged.refuseConversion(code, byCodeId)),
  letGo: fc.constant(() => unmanaged.letGo),
  assign: fc.constantFrom('code-x', 'code-y').map(
    (codeId): Command =>
      ({ now }) =>
      (code) =>
        backups.assign(code, { codeId, endsAt: now + MINUTE }, now),
  ),
  pulled: fc
    .tuple(fc.constantFrom('backup-x', 'backup-y'), fc.constantFrom(undefined, 'backup-x'))
    .filter(([backup, gone]) => backup !== gone)
    .map(
      ([backup, gone]) =>
        () =>
        (code) =>
          backups.pulled(code, backup, gone),
    ),
  handedOver: fc.constant(() => backups.handedOver),
  erase: fc.constant(() => erasure.erase),
  erasureCompleted: fc.constant(() => erasure.erasureCompleted),
  abandon: fc.constant(() => leaving.abandon),
  ceaseToManage: fc.constant(() => leaving.ceaseToManage),
  leaving: fc
    .constantFrom({ managed: false }, { deletedAt: T0, removedAt: T0 }, {})
    .map((device) =>
      onlyOf((code, { account }) => leaving.leaving(code, { ...nativeLock, ...device }, account)),
    ),
};

type OnKeypad = (life: Life, codeId: string) => (keypad: keypads.Keypad) => readonly keypads.KeypadEvent[];

const ON_KEYPAD: Record<DecidersOf<typeof keypads, keypads.KeypadEvent>, fc.Arbitrary<OnKeypad>> = {
  reserve: fc.tuple(fingerprint, window, fc.boolean()).map(
    ([of, when, foreign]): OnKeypad =>
      (_life, codeId) =>
      (keypad) =>
        keypads.reserve(keypad, { codeId, ...pin(of), window: when, foreign }),
  ),
  release: fc.option(fingerprint).map(
    (of): OnKeypad =>
      (_life, codeId) =>
      (keypad) =>
        keypads.release(keypad, codeId, of),
  ),
  endReservations: fc.constant(
    ({ now }: Life, codeId: string) =>
      (keypad: keypads.Keypad) =>
        keypads.endReservations(keypad, codeId, now),
  ),
};

type OnCommonCode = (codeId: string) => (common: commonCodes.CommonCode) => commonCodes.CommonCodeEvent[];

const some = fc.subarray([...CODES, 'code-z']);

const ON_COMMON_CODE: Record<
  DecidersOf<typeof commonCodes, commonCodes.CommonCodeEvent>,
  fc.Arbitrary<OnCommonCode>
> = {
  begin: some.map((earlier) => () => (common) => commonCodes.begin(common, earlier)),
  join: fc
    .record({
      of: fingerprint,
      seen: fc.record({
        gone: some,
        others: fc.constantFrom('have-it', 'have-another', null),
        joined: fc.boolean(),
        earlier: some,
      }),
    })
    .map(({ of, seen }): OnCommonCode => (codeId) => (common) => {
      const gone = seen.gone.filter((id) => id !== codeId);
      return commonCodes.join(common, { codeId, pin: pin(of).pin }, { ...seen, gone });
    }),
  leave: fc.constant((codeId) => (common) => commonCodes.leave(common, codeId)),
};

/** All commands by name, so that a failure shows which one it was. */
const oneOf = <C>(commands: Record<string, fc.Arbitrary<C>>) =>
  fc.oneof(
    ...Object.entries(commands).map(([name, arbitrary]) =>
      arbitrary.map((command) => ({ name, command, toString: () => name })),
    ),
  );

/** A spare backup code that is ready, and a code that is being taken off its lock; the other codes are to come. */
function begun(native: boolean): Life {
  const life = new Life(native);
  const [spare, going] = CODES as [string, string];
  const bare = (events: readonly CodeEvent[]) =>
    events.map(({ type, data }) => ({ type, data }) as CodeEvent);
  life.append(spare, bare(onLock(null, native, { codeId: spare, isBackup: true, ...pin('pin-3') })));
  life.append(going, [
    ...bare(onLock(null, native, { codeId: going })),
    { type: 'RemovalStarted', data: { cause: 'expired' } },
    removalSent('remove-1', 'removal', T0 + MINUTE),
  ]);
  return life;
}

/** Among all that can happen, commands that come twice. */
function lives<C>(commands: Record<string, fc.Arbitrary<C>>) {
  const asked = fc.tuple(oneOf(commands), fc.constantFrom(...CODES, 'code-z'));
  const deed = fc.oneof(
    { weight: 2, arbitrary: anything.map((incident) => ({ incident, toString: () => String(incident) })) },
    { weight: 3, arbitrary: asked.map((each) => ({ asked: each, toString: () => each.join(' ') })) },
  );
  return fc.tuple(fc.array(deed, { minLength: 10, maxLength: 50, size: 'max' }), fc.boolean());
}

describe('a command that comes twice has no further effect', () => {
  it('to a code', () => {
    const happened = new Set<string>();
    fc.assert(
      fc.property(lives(COMMANDS), ([deeds, native]) => {
        const life = begun(native);
        for (const deed of deeds) {
          if ('incident' in deed) {
            deed.incident.happen(life);
            continue;
          }
          const [{ name, command }, codeId] = deed.asked;
          const decide = command(life, codeId);
          const { first, again } = decidedTwice(codeFold, life.codes.get(codeId) ?? null, decide, life.now);
          expect(again).toEqual([]);
          if (first.length > 0) happened.add(name);
          life.append(codeId, first);
        }
      }),
      { numRuns: 1500 },
    );
    // None was refused, or changed nothing, each time.
    expect([...happened].sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  it('to a keypad', () => {
    const happened = new Set<string>();
    fc.assert(
      fc.property(lives(ON_KEYPAD), ([deeds, native]) => {
        const life = new Life(native);
        for (const deed of deeds) {
          if ('incident' in deed) {
            deed.incident.happen(life);
            continue;
          }
          const [{ name, command }, codeId] = deed.asked;
          const decide = command(life, codeId);
          const { first, again } = decidedTwice(keypads.keypadFold, life.keypad, decide, life.now);
          expect(again).toEqual([]);
          if (first.length > 0) happened.add(name);
          life.onKeypad(first);
        }
      }),
      { numRuns: 500 },
    );
    expect([...happened].sort()).toEqual(Object.keys(ON_KEYPAD).sort());
  });

  it('to a common code', () => {
    const happened = new Set<string>();
    const asked = fc.tuple(oneOf(ON_COMMON_CODE), fc.constantFrom(...CODES, 'code-z'));
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30 }), (deeds) => {
        let common = commonCodes.commonCodeFold.initial;
        for (const [{ name, command }, codeId] of deeds) {
          const { first, again } = decidedTwice(commonCodes.commonCodeFold, common, command(codeId), T0);
          expect(again).toEqual([]);
          if (first.length > 0) happened.add(name);
          common = evolved(commonCodes.commonCodeFold, common, first, T0);
        }
      }),
      { numRuns: 500 },
    );
    expect([...happened].sort()).toEqual(Object.keys(ON_COMMON_CODE).sort());
  });
});
