import { given, type Happened, replacingPersonal } from '@latchkey/event-sourcing';
import { HOUR, MINUTE } from '@latchkey/platform';
import fc from 'fast-check';
import { codeFold } from './code-fold';
import { erase, erasureCompleted } from './erasure';
import type { CodeEvent } from './events';
import { isGone } from './life';
import { at, content, failure, onLock, programming, removalSent, requested, T0 } from './testing/builders';
import { Life } from './testing/life';
import { anything } from './testing/turmoil';

const stay = { startsAt: T0, endsAt: T0 + 3 * HOUR };
const started = (cause: 'deleted' | 'expired') => at(T0 + HOUR, { type: 'RemovalStarted', data: { cause } });
const removed = (cause: 'deleted' | 'expired') =>
  at(T0 + 2 * HOUR, { type: 'Removed', data: { cause, wasOnDevice: true } });
const gone = [...onLock(null, true), started('deleted'), removed('deleted')];
const erased: CodeEvent = {
  type: 'PersonalDataErased',
  data: { workspaceId: 'workspace-1', deviceId: 'device-1', accountId: 'account-1' },
};
const completed: CodeEvent = { type: 'ErasureCompleted', data: {} };
const later = T0 + 4 * HOUR;

describe('erasing what a code was called', () => {
  it.each([
    ['was deleted', gone],
    ['has expired', [...onLock(stay, true), started('expired'), removed('expired')]],
    [
      'was left on a lock that is not ours any more',
      [
        ...onLock(null, true),
        started('deleted'),
        at(later, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true, leftOnLock: true } }),
      ],
    ],
  ])('is decided for one that %s', (_, happened) => given(codeFold, happened).when(erase).then([erased]));

  it.each([
    ['is on its lock', onLock(null, true)],
    ['is still to come', [at(T0, requested(stay))]],
    ['is on its way off the lock', [...onLock(null, true), started('deleted')]],
    [
      'may or may not be off the lock',
      [
        ...onLock(null, true),
        started('deleted'),
        at(T0 + HOUR, removalSent('remove-1', 'removal', T0 + HOUR + MINUTE)),
        at(T0 + HOUR, { type: 'CommandUnanswered', data: { commandId: 'remove-1' } }),
      ],
    ],
  ])('is refused for one that %s', (_, happened) =>
    given(codeFold, happened).when(erase).thenFails('may still open a door: delete it first'),
  );

  it('is refused for one that is unknown', () =>
    given(codeFold, []).when(erase).thenFails('The access code does not exist.'));

  it('is decided once, and completed once', () => {
    given(codeFold, gone).when(erasureCompleted).then([]);
    given(codeFold, [...gone, at(later, erased)])
      .when(erase)
      .then([]);
    given(codeFold, [...gone, at(later, erased)])
      .when(erasureCompleted)
      .then([completed]);
    given(codeFold, [...gone, at(later, erased), at(later, completed)])
      .when((code) => [...erase(code), ...erasureCompleted(code)])
      .then([]);
  });

  it('leaves no name in what is known of the code', () => {
    const named = { name: 'Rarename', commonCodeKey: 'Rarename key' };
    const told = { name: 'Rarename R.', window: null };
    const { state } = given(codeFold, [
      at(T0, requested(null, named)),
      at(T0, programming('create-1', 'create', content(null, { name: 'Rarename', told }), T0 + MINUTE)),
      at(T0, { type: 'SetOnDevice', data: { commandId: 'create-1', lockCodeId: 'L' } }),
      at(T0, {
        type: 'ModifiedExternally',
        data: { fields: ['name'], content: content(null, { name: 'RARENAME' }), accepted: false },
      }),
      started('deleted'),
      at(T0 + HOUR, removalSent('remove-1', 'removal', T0 + HOUR + MINUTE)),
      at(T0 + HOUR, {
        ...(failure('RemovalFailed', 'remove-1', 'passing', T0 + HOUR) as Extract<
          CodeEvent,
          { type: 'RemovalFailed' }
        >),
      }),
      removed('deleted'),
      at(later, erased),
    ]);
    expect(state).toMatchObject({ codeId: 'code-1', wanted: { name: null, commonCodeKey: null } });
    expect(JSON.stringify(state)).not.toMatch(/rarename/i);
  });
});

/** A life that keeps its facts. */
class RecordedLife extends Life {
  readonly facts = new Map<string, Happened<CodeEvent>[]>();

  override append(codeId: string, events: readonly CodeEvent[]): void {
    const happened = events.map((event) => ({ ...event, at: this.now }));
    this.facts.set(codeId, [...(this.facts.get(codeId) ?? []), ...happened]);
    super.append(codeId, events);
  }
}

it('comes to the same from the facts as they were, and as they are once their names are erased', () => {
  let erasures = 0;
  fc.assert(
    fc.property(
      fc.tuple(fc.array(anything, { minLength: 10, maxLength: 60, size: 'max' }), fc.boolean()),
      ([incidents, native]) => {
        const life = new RecordedLife(native);
        for (const incident of incidents) incident.happen(life);
        for (const [codeId, facts] of life.facts) {
          const code = life.codes.get(codeId)!;
          if (!isGone(code)) continue;
          erasures++;
          const last = erase(code).map((event) => ({ ...event, at: life.now }));
          const nameless = facts.map((fact) => ({ ...fact, data: replacingPersonal(fact.data, () => null) }));
          const folded = (of: readonly Happened<CodeEvent>[]) =>
            JSON.stringify(given(codeFold, [...of, ...last]).state);
          expect(folded(nameless as Happened<CodeEvent>[])).toBe(folded(facts));
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(erasures).toBeGreaterThan(100);
});
