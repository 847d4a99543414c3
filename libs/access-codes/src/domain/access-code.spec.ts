import { HOUR, iso, MINUTE } from '@latchkey/platform';
import fc from 'fast-check';
import type { AccessCode } from './access-code';
import { storedContent, storedWindow, type Window } from './content';
import { codeFold } from './code-fold';
import { FAILURES_TO_TELL } from './failure';
import { type CodeEvent, codeCodec } from './events';
import { type Life as LifeOfCode, mayTurnUpOf } from './life';
import {
  at,
  CODE,
  content,
  creating,
  failure,
  fold,
  onLock,
  pin,
  programming,
  removalSent,
  requested,
  T0,
} from './testing/builders';
import { Life } from './testing/life';
import { anything, CODES } from './testing/turmoil';

const stay: Window = { startsAt: T0 + HOUR, endsAt: T0 + 3 * HOUR };
const set = onLock(null, false);
const then = (code: AccessCode, ...events: CodeEvent[]) =>
  events.reduce((folded, event) => codeFold.evolve(folded, at(T0 + HOUR, event))!, code);
const LATER = T0 + HOUR;

describe('the state of an access code', () => {
  it('begins with its request, and with nothing else', () => {
    expect(codeFold.evolve(null, at(T0, { type: 'SettingDelayed', data: {} }))).toBeNull();
    expect(fold([at(T0, requested(stay))])).toMatchObject({
      codeId: CODE,
      wanted: { schedule: stay, at: T0 },
      requestedAt: T0,
      known: { onLock: null, inFlight: null, everOnLock: false },
    });
  });

  it('takes from a change what it names, and forgets troubles with what was wanted before', () => {
    const troubled = then(
      fold(creating(null, false)),
      { type: 'SettingDelayed', data: {} },
      failure('ProgrammingFailed', 'create-1', 'permanent', null),
    );
    expect(troubled).toMatchObject({
      trouble: { failedAttempts: 1, settingDelayedAt: LATER, failedToSetAt: LATER },
    });
    const changed = then(troubled, { type: 'ChangeRequested', data: { ...pin('pin-b'), name: null } });
    expect(changed).toMatchObject({
      wanted: { name: null, ...pin('pin-b'), schedule: null, at: LATER },
      trouble: { failure: null, failedAttempts: 0, settingDelayedAt: null, failedToSetAt: null },
    });
  });

  it('has one command under way, and listens to no answer to another', () => {
    const sent = fold(creating(stay, true));
    expect(sent.known.inFlight).toEqual({
      commandId: 'create-1',
      operation: 'create',
      lockCodeId: null,
      content: { name: 'Guest', ...pin('pin-a'), window: stay },
      attempt: 1,
      sentAt: T0,
      deadline: T0 + MINUTE,
      unansweredAt: null,
    });
    const silent = then(sent, { type: 'CommandUnanswered', data: { commandId: 'create-1' } });
    expect(silent.known.inFlight).toMatchObject({ unansweredAt: LATER });
    const taken = { commandId: 'create-1', lockCodeId: 'lock-code-1' };
    expect(then(silent, { type: 'ProgrammingAccepted', data: taken }).known.inFlight).toMatchObject({
      lockCodeId: 'lock-code-1',
      unansweredAt: null,
    });
    expect(then(sent, { type: 'CommandUnanswered', data: { commandId: 'other' } })).toEqual(sent);
    expect(then(sent, { type: 'ProgrammingAccepted', data: { ...taken, commandId: 'other' } })).toEqual(sent);
  });

  it('is preloaded, and set when its time comes', () => {
    const preloaded = fold(onLock(stay, true));
    expect(preloaded).toMatchObject({
      known: { onLock: { lockCodeId: 'lock-code-1', since: T0 }, setAt: null },
    });
    expect(preloaded).toMatchObject({ known: { inFlight: null, everOnLock: true } });
    const entered = then(preloaded, {
      type: 'SetOnDevice',
      data: { commandId: null, lockCodeId: 'lock-code-1' },
    });
    expect(entered).toMatchObject({ known: { setAt: LATER, onLock: preloaded.known.onLock } });
  });

  it('holds the new content only once the lock has confirmed it', () => {
    const changing = then(
      fold(set),
      { type: 'ChangeRequested', data: { ...pin('pin-b') } },
      programming('change-1', 'change', content(null, pin('pin-b')), LATER),
    );
    expect(changing.known.onLock).toMatchObject({ pinFingerprint: 'pin-a' });
    const changed = then(changing, { type: 'ChangedOnDevice', data: { commandId: 'change-1' } });
    expect(changed.known.onLock).toMatchObject({
      pinFingerprint: 'pin-b',
      since: T0,
      lockCodeId: 'lock-code-1',
    });
    expect(changed.known.setAt).toBe(T0);
  });

  it('is set again later when the lock has taken a window that lies ahead', () => {
    const ahead = { startsAt: LATER + HOUR, endsAt: LATER + 2 * HOUR };
    const moved = then(
      fold(set),
      programming(
        'change-1',
        'change',
        storedContent({ name: 'Guest', ...pin('pin-a'), window: ahead }),
        LATER,
      ),
      { type: 'ChangedOnDevice', data: { commandId: 'change-1' } },
    );
    expect(moved).toMatchObject({ known: { setAt: null, onLock: { window: ahead } } });
  });

  it('counts failures, but not outages, and reports the third', () => {
    let code = fold(creating(null, false));
    const fail = (kind: 'passing' | 'outage') => {
      code = then(
        code,
        programming('again', 'create', content(null), LATER),
        failure('ProgrammingFailed', 'again', kind, LATER + MINUTE),
      );
    };
    fail('outage');
    expect(code).toMatchObject({
      trouble: { failedAttempts: 0, failure: { kind: 'outage', retryAt: LATER + MINUTE } },
    });
    for (let n = 1; n < FAILURES_TO_TELL; n++) fail('passing');
    expect(code).toMatchObject({ trouble: { failedAttempts: FAILURES_TO_TELL - 1, failedToSetAt: null } });
    fail('passing');
    expect(code).toMatchObject({
      trouble: { failedAttempts: FAILURES_TO_TELL, failedToSetAt: LATER },
      known: { inFlight: null },
    });
    const confirmed = then(code, programming('last', 'create', content(null), LATER), {
      type: 'SetOnDevice',
      data: { commandId: 'last', lockCodeId: 'lock-code-1' },
    });
    expect(confirmed).toMatchObject({ trouble: { failedAttempts: 0, failure: null, failedToSetAt: null } });
  });

  it('remembers what a creation or a change that was given up may still become', () => {
    const noAnswer = (commandId: string) =>
      failure('ProgrammingFailed', commandId, 'passing', LATER, 'NO_ANSWER');
    const created = then(fold(creating(null, false)), noAnswer('create-1'));
    expect(mayTurnUpOf(created)).toMatchObject({ pinFingerprint: 'pin-a', givenUpAt: LATER });
    const changed = then(
      fold(set),
      programming('change-1', 'change', content(null, { name: 'Ann' }), LATER),
      noAnswer('change-1'),
    );
    expect(changed.life).toMatchObject({ mayTurnUp: null, lateChanges: [{ name: 'Ann' }] });
  });

  it('is going since it was first told to', () => {
    const expired = then(fold(set), { type: 'RemovalStarted', data: { cause: 'expired' } });
    expect(expired.life).toMatchObject({ phase: 'ending', cause: 'expired', since: LATER });
    const deletedToo = codeFold.evolve(
      expired,
      at(LATER + HOUR, { type: 'RemovalStarted', data: { cause: 'deleted' } }),
    );
    expect(deletedToo?.life).toMatchObject({ phase: 'ending', cause: 'deleted', since: LATER });
  });

  it('reports the third failed removal, and is gone in the end', () => {
    let code = then(fold(set), { type: 'RemovalStarted', data: { cause: 'deleted' } });
    for (let n = 0; n < 3; n++) {
      expect(code.trouble.failedToRemoveAt).toBeNull();
      code = then(
        code,
        removalSent('remove', 'removal', LATER),
        failure('RemovalFailed', 'remove', 'passing', LATER),
      );
    }
    expect(code).toMatchObject({
      trouble: { failedToRemoveAt: LATER, failure: { of: 'removal' } },
      known: { onLock: { since: T0 } },
    });
    expect(then(code, { type: 'RemovalDelayed', data: {} }).life).toMatchObject({ delayedAt: LATER });
    const gone = then(code, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } });
    expect(gone).toMatchObject({
      life: { phase: 'removed', at: LATER },
      known: { onLock: null, inFlight: null, setAt: null },
    });
    expect(then(gone, { type: 'Forgotten', data: {} }).life).toMatchObject({ forgotten: true });
  });

  it('forgets a failed withdrawal with the withdrawal', () => {
    let code = fold(onLock(stay, false));
    for (let n = 0; n < 3; n++) {
      code = then(
        code,
        removalSent('away', 'withdrawal', LATER),
        failure('RemovalFailed', 'away', 'passing', LATER),
      );
    }
    expect(code.trouble.failedToRemoveAt).toBe(LATER);
    expect(then(code, { type: 'WithdrawnFromDevice', data: { commandId: 'away' } })).toMatchObject({
      trouble: { failedToRemoveAt: null, failure: null },
      known: { onLock: null, setAt: null },
    });
  });

  it('loses and regains its connection', () => {
    const lost = then(fold(set), { type: 'ConnectionLost', data: {} });
    expect(lost.trouble.connectionLostAt).toBe(LATER);
    expect(then(lost, { type: 'ConnectionRestored', data: {} })).toEqual(fold(set));
  });

  it('keeps what it wants when somebody else changes the lock, unless that is accepted', () => {
    const foreign = content(null, { name: 'Mallory', ...pin('pin-x') });
    const modified = (accepted: boolean): CodeEvent => ({
      type: 'ModifiedExternally',
      data: { fields: ['name', 'code'], content: foreign, accepted },
    });
    expect(then(fold(set), modified(false))).toMatchObject({
      wanted: { name: 'Guest' },
      known: { onLock: { name: 'Mallory', pinFingerprint: 'pin-x' } },
      life: { externalInEffect: null },
      trouble: { externalConflict: { change: 'modified', fields: ['name', 'code'] } },
    });
    expect(then(fold(set), modified(true))).toMatchObject({
      wanted: { name: 'Mallory', ...pin('pin-x') },
      trouble: { externalConflict: null },
      life: { externalInEffect: { change: 'modified' } },
    });
    const preloaded = fold(onLock(stay, true));
    const other = { startsAt: stay.startsAt, endsAt: stay.endsAt + HOUR };
    const longer: CodeEvent = {
      type: 'ModifiedExternally',
      data: {
        fields: ['time_frame'],
        content: storedContent({ name: 'Guest', ...pin('pin-a'), window: other }),
        accepted: true,
      },
    };
    expect(then(preloaded, longer).wanted.schedule).toEqual(other);
    expect(then(fold([at(T0, requested(null))]), modified(false)).known.onLock).toBeNull();
  });

  it('keeps what was asked for meanwhile when somebody else changes another part of it, and that is accepted', () => {
    const longer = { startsAt: stay.startsAt, endsAt: stay.endsAt + HOUR };
    const asked: CodeEvent = {
      type: 'ChangeRequested',
      data: { ...pin('pin-b'), schedule: storedWindow(longer) },
    };
    const renamed: CodeEvent = {
      type: 'ModifiedExternally',
      data: { fields: ['name'], content: content(stay, { name: 'Mallory' }), accepted: true },
    };
    expect(then(fold(onLock(stay, true)), asked, renamed)).toMatchObject({
      wanted: { name: 'Mallory', ...pin('pin-b'), schedule: longer },
      known: { onLock: { name: 'Mallory', ...pin('pin-a'), window: stay } },
    });
  });

  it('is off the lock when somebody has erased it', () => {
    const erased = (accepted: boolean): CodeEvent => ({ type: 'RemovedExternally', data: { accepted } });
    expect(then(fold(set), erased(false))).toMatchObject({
      known: { onLock: null, setAt: null },
      trouble: { externalConflict: { change: 'removed', at: LATER } },
    });
    expect(then(fold(set), erased(true))).toMatchObject({
      known: { onLock: null },
      life: { externalInEffect: { change: 'removed' } },
      trouble: { externalConflict: null },
    });
  });

  it('keeps reporting a missed start until the lock has the code', () => {
    const missed = then(fold(creating(stay, true)), { type: 'StartMissed', data: {} });
    expect(missed).toMatchObject({ trouble: { startMissedAt: LATER, failedToSetAt: LATER } });
    const data = { commandId: 'create-1', lockCodeId: 'lock-code-1' };
    expect(then(missed, { type: 'SetOnDevice', data })).toMatchObject({
      trouble: { startMissedAt: null, failedToSetAt: null },
    });
  });
});

describe('what only a managed code has', () => {
  const lost = failure('ProgrammingFailed', 'change-1', 'passing', LATER, 'NO_ANSWER');
  const unanswered = then(
    fold(set),
    programming('change-1', 'change', content(null, { name: 'Ann' }), LATER),
    lost,
  );

  it('goes when the code is let go, and nothing of it comes back with the management', () => {
    expect(unanswered.life).toMatchObject({ lateChanges: [{ name: 'Ann' }] });
    const released = then(unanswered, { type: 'LetGo', data: {} });
    expect(released.life).toEqual({ phase: 'unmanaged', conversionRefused: null });
    const taken = then(released, {
      type: 'TakenIntoManagement',
      data: { externalModificationAllowed: false },
    });
    expect(taken.life).toEqual(fold(set).life);
  });

  it('stays with it on its way off the lock', () => {
    const leaving = then(unanswered, { type: 'RemovalStarted', data: { cause: 'deleted' } });
    expect(leaving.life).toMatchObject({ phase: 'ending', before: { lateChanges: [{ name: 'Ann' }] } });
    const gone = then(leaving, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } });
    expect(gone.life).toMatchObject({ phase: 'removed', before: { lateChanges: [] } });
  });

  it('does not compile for an unmanaged one', () => {
    const impossible: LifeOfCode = {
      phase: 'unmanaged',
      conversionRefused: null,
      // @ts-expect-error there is nothing that could turn up of a code that we did not send
      mayTurnUp: null,
    };
    expect(impossible.phase).toBe('unmanaged');
  });
});

describe('every event of a life', () => {
  it('is read back from the store as it was written, and folds to the same', () => {
    fc.assert(
      fc.property(
        fc.array(anything, { minLength: 10, maxLength: 50, size: 'max' }),
        fc.boolean(),
        (incidents, native) => {
          const life = new Life(native);
          for (const incident of incidents) incident.happen(life);
          for (const id of CODES) {
            const written = life.written.get(id) ?? [];
            const read = written.map(({ at: instant, ...event }, revision) => {
              const { data, ...stored } = codeCodec.encode(event, `event-${revision}`, {
                $correlationId: id,
                $causationId: 'test',
                actor: { type: 'system' },
                workspaceId: 'workspace-1',
                occurredAt: iso(instant),
              });
              return codeCodec.decode({
                ...stored,
                data: JSON.parse(JSON.stringify(data)),
                stream: `accessCode-${id}`,
                revision,
                position: { commit: 0n, prepare: 0n },
                recordedAt: 0,
              });
            });
            expect(read).toEqual(written);
            expect(read.length > 0 ? fold(read) : undefined).toEqual(life.codes.get(id));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
