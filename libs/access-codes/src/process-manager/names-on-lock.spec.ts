import { HOUR, iso } from '@latchkey/platform';
import { CODE, OTHER, T0 } from '../domain/testing/builders';
import {
  aCode,
  ACCOUNT_ID,
  aCodeOnLock,
  aLock,
  anUnmanagedCode,
  caller,
  type Given,
  type GivenCode,
  lockCodeIdOf,
  MAKER,
  onCode,
  useFeature,
  works,
} from '../testing';
import { UpdateAccessCode } from '../commands/commands';

const THIRD = 'code-3';
const unique = { codeConstraints: [{ constraintType: 'name_must_be_unique' }] };
const fifteen = {
  codeConstraints: [...unique.codeConstraints, { constraintType: 'name_length', maxLength: 15 }],
};
describe('on a lock where names must differ', () => {
  const feature = useFeature();
  const called = (name: string, more: GivenCode = {}) =>
    aCodeOnLock({ codeId: OTHER, pin: '7350', name, ...more });

  /** The first name that is sent to the lock for a code, once everything that is due is done. */
  async function told(...given: readonly Given[]): Promise<string | null> {
    await feature.given(...given);
    const before = await feature.countEvents();
    await feature.do(works);
    const started = (await feature.events(before)).filter(
      ({ type, stream }) => type === 'ProgrammingStarted' && stream.endsWith(CODE),
    );
    const { name, told } = started[0]!.data.content as { name: string; told?: { name: string } };
    return told ? told.name : name;
  }

  it.each([
    ['whole where nobody has it', unique, called('Bob'), 'Ann', 'Ann'],
    ['with a tag where another code has it', unique, called('Ann'), 'Ann', 'Ann CODE1'],
    [
      'with a tag where somebody else’s code has it',
      unique,
      anUnmanagedCode({ codeId: OTHER, pin: '7350', name: 'Ann' }),
      'Ann',
      'Ann CODE1',
    ],
    [
      'with a tag where another has the same name once both are cut',
      fifteen,
      called('Countess Eleono'),
      'Countess Eleonora',
      'Countess CODE1',
    ],
    ['whole where names need not differ', {}, called('Ann'), 'Ann', 'Ann'],
  ])('a name is sent to the lock %s', async (_, abilities, other, name, expected) => {
    expect(await told(aLock(abilities), other, aCode({ name }))).toBe(expected);
  });

  it('a code gets another name than one that is being taken off the lock', async () => {
    const commandId = 'remove-1';
    const going = onCode(
      'RemovalSent',
      { commandId, lockCodeId: lockCodeIdOf(OTHER), purpose: 'removal', attempt: 1, deadline: iso(T0 - 1) },
      OTHER,
    );
    const deleted = onCode('RemovalStarted', { cause: 'deleted' }, OTHER);
    expect(await told(aLock(unique), called('Ann'), deleted, going, aCode({ name: 'Ann' }))).toBe(
      'Ann CODE1',
    );
  });

  it('codes that wait for the lock one after the other each get a name of their own', async () => {
    const all = [CODE, OTHER, THIRD].map((codeId, nth) => aCode({ codeId, pin: `735${nth}`, name: 'Ann' }));
    await feature.given(aLock(unique), ...all);
    for (const _ of all) {
      await feature.do(works);
      for (const report of feature.locks.settle())
        await feature.process.reports.take({ accountId: ACCOUNT_ID, maker: MAKER }, report);
    }
    const told = feature.locks.calls.flatMap((each) => (each.call === 'program' ? [each.code?.name] : []));
    expect(told).toHaveLength(3);
    expect(new Set(told).size).toBe(3);
    expect(told[0]).toBe('Ann');
  });

  it('a code that is renamed to another’s name is distinguished, and one whose name is unique is not', async () => {
    const rename = new UpdateAccessCode(caller(), CODE, { name: 'Bob' });
    await feature.given(aLock(unique), aCodeOnLock({ name: 'Ann' }), called('Bob'));
    await feature.do(rename);
    expect(await told()).toBe('Bob CODE1');
    await feature.beginAnew();
    await feature.given(aLock(unique), aCodeOnLock({ name: 'Ann' }));
    await feature.do(rename);
    expect(await told()).toBe('Bob');
  });

  it('a code that comes later does not keep a name from one that is due now', async () => {
    const later = { startsAt: T0 + 1000 * HOUR, endsAt: T0 + 1001 * HOUR };
    const other = aCode({ codeId: OTHER, pin: '7350', name: 'Ann', window: later });
    expect(await told(aLock(unique), other, aCode({ name: 'Ann' }))).toBe('Ann');
  });
});
