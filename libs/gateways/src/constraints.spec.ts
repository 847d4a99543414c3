import fc from 'fast-check';
import { type CodeProposal, violations } from './constraints';
import { type CodeConstraint, type LockCapabilities } from './lock-gateway';

const lockWith = (...codeConstraints: CodeConstraint[]): LockCapabilities => ({
  nativeScheduling: true,
  supportedCodeLengths: [4, 5, 6, 7, 8],
  codeConstraints,
  maxActiveCodes: null,
  canRemotelyLock: true,
  canRemotelyUnlock: true,
});
const brokenBy = (constraint: CodeConstraint, proposal: CodeProposal) =>
  violations(lockWith(constraint), proposal).map(({ constraintType }) => constraintType);

describe('violations', () => {
  it.each<[string, string[], string[]]>([
    ['no_zeros', ['1234', '99999'], ['1230', '0123', '0000']],
    ['cannot_start_with_12', ['2112', '1312'], ['1234', '12121']],
    ['no_triple_consecutive_ints', ['1243', '1122', '9018', '135798'], ['1235', '5777', '97654', '0009']],
    ['no_ascending_or_descending_sequence', ['1235', '1111', '7890', '1357'], ['1234', '98765', '0123']],
    ['at_least_three_unique_digits', ['1123', '9087'], ['1122', '777777', '1212']],
    ['cannot_contain_089', ['1234567'], ['1230', '8123', '5559']],
    ['cannot_contain_0789', ['123456'], ['1230', '8123', '5559', '1117']],
    ['no_all_same_digits', ['1112', '11121'], ['1111', '000000']],
  ])('%s', (constraintType, allowed, forbidden) => {
    for (const pin of allowed) expect([pin, brokenBy({ constraintType }, { pin })]).toEqual([pin, []]);
    for (const pin of forbidden) {
      expect([pin, brokenBy({ constraintType }, { pin })]).toEqual([pin, [constraintType]]);
    }
  });

  it.each<[CodeConstraint, CodeProposal[], CodeProposal[]]>([
    [{ constraintType: 'cannot_specify_pin_code' }, [{ pin: null }], [{ pin: '2580' }]],
    [
      { constraintType: 'pin_code_matches_existing_set' },
      [{ pin: '2580' }, { pin: null, existingPins: [] }, { pin: '2580', existingPins: ['1470', '2580'] }],
      [
        { pin: '2580', existingPins: ['1470'] },
        { pin: '2580', existingPins: [] },
      ],
    ],
    [
      { constraintType: 'unique_first_four_digits' },
      [
        { pin: '2580' },
        { pin: '258012', otherPins: ['258112', '12580'] },
        { pin: null, otherPins: ['2580'] },
      ],
      [
        { pin: '258012', otherPins: ['1470', '258099'] },
        { pin: '2580', otherPins: ['2580'] },
      ],
    ],
    [
      { constraintType: 'start_date_in_future' },
      [
        { pin: null, startsAt: 11, now: 10 },
        { pin: null, startsAt: null, now: 10 },
        { pin: null, now: 10 },
        { pin: null, startsAt: 5 },
      ],
      [
        { pin: '2580', startsAt: 10, now: 10 },
        { pin: null, startsAt: 9, now: 10 },
      ],
    ],
    [
      { constraintType: 'name_length', minLength: 2, maxLength: 4 },
      [{ pin: null, name: 'Jo' }, { pin: null, name: 'Jörg' }, { pin: null, name: '👩‍🚀x' }, { pin: null }],
      [
        { pin: null, name: 'J' },
        { pin: null, name: 'Guest' },
        { pin: null, name: null },
      ],
    ],
    [
      { constraintType: 'name_length' },
      [
        { pin: null, name: '' },
        { pin: null, name: 'x'.repeat(999) },
      ],
      [],
    ],
    [
      { constraintType: 'name_must_be_unique' },
      [
        { pin: null, name: 'Guest', otherNames: ['guest', 'Other'] },
        { pin: null, name: null, otherNames: [''] },
        { pin: null, name: 'Guest' },
      ],
      [{ pin: null, name: 'Guest', otherNames: ['Other', 'Guest'] }],
    ],
    [{ constraintType: 'of_tomorrow' }, [{ pin: '0000', name: '' }], []],
  ])('%j', (constraint, allowed, forbidden) => {
    for (const proposal of allowed)
      expect([proposal, brokenBy(constraint, proposal)]).toEqual([proposal, []]);
    for (const proposal of forbidden) {
      expect([proposal, brokenBy(constraint, proposal)]).toEqual([proposal, [constraint.constraintType]]);
    }
  });

  it.each([
    ['123', 'supported_code_lengths'],
    ['123456789', 'supported_code_lengths'],
    ['', 'digits_only'],
    ['12a4', 'digits_only'],
    ['１２３４', 'digits_only'],
    ['12 34', 'digits_only'],
    ['1234\n', 'digits_only'],
  ])('of the PIN %j itself: %s', (pin, constraintType) => {
    expect(violations(lockWith(), { pin }).map((violation) => violation.constraintType)).toEqual([
      constraintType,
    ]);
  });

  it('are all told, and none holds the PIN', () => {
    const lock = lockWith(
      ...['no_zeros', 'no_all_same_digits', 'cannot_specify_pin_code', 'cannot_start_with_12'].map(
        (constraintType) => ({ constraintType }),
      ),
      { constraintType: 'name_length', maxLength: 3 },
    );
    expect(violations(lock, { pin: '0000', name: 'Guest' })).toHaveLength(4);
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{3,12}$/), (pin) => {
        const messages = violations(lock, { pin, name: 'Guest' }).map(({ message }) => message);
        expect(messages.join(' ')).not.toContain(pin);
      }),
    );
  });
});
