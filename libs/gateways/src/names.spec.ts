import fc from 'fast-check';
import type { CodeConstraint } from './lock-gateway';
import { isNameOf, isPlainName, nameForLock } from './names';

const codeId = '0b5f9e1c-0000-4000-8000-00000abc1234';
const lengths = (minLength: number | undefined, maxLength?: number): CodeConstraint => ({
  constraintType: 'name_length',
  ...(minLength === undefined ? {} : { minLength }),
  ...(maxLength === undefined ? {} : { maxLength }),
});
const lock = (...codeConstraints: CodeConstraint[]) => ({ codeConstraints });
const unique = { constraintType: 'name_must_be_unique' };

describe('the name that a lock is told', () => {
  it.each([
    ['whole where nothing forbids it', lock(), 'Zoë Müller-Lüdenscheidt', {}, 'Zoë Müller-Lüdenscheidt'],
    ['none where there is none', lock(), null, {}, null],
    [
      'cut to what fits',
      lock(lengths(2, 15)),
      'A name of far more than fifteen letters',
      {},
      'A name of far m',
    ],
    ['between letters, however many bytes they have', lock(lengths(1, 6)), 'Zoë Ü', {}, 'Zoë'],
    ['never within a sign', lock(lengths(1, 12)), 'Ann 👩‍👩‍👧', {}, 'Ann'],
    ['longer where it is too short', lock(lengths(3, 15)), 'A', {}, 'A BC1234'],
    ['made up where the lock wants one', lock(lengths(1, 8)), null, {}, 'Code BC1'],
    ['made up where it must be no other code’s', lock(unique), null, {}, 'Code BC1234'],
    ['as it is where another code has not been met', lock(unique), 'Ann', {}, 'Ann'],
    [
      'with a tag where another code has it',
      lock(unique, lengths(1, 10)),
      'Ann Lee',
      { distinct: true },
      'Ann BC1234',
    ],
    [
      'with a tag where it is known that another code has it',
      lock(unique),
      'Ann',
      { others: ['Ann'] },
      'Ann BC1234',
    ],
    [
      'with a tag where another code has it but for case and accents',
      lock(unique),
      'Zoé',
      { others: ['ZOE'] },
      'Zoé BC1234',
    ],
    [
      'with a tag where another code’s name was cut to the same',
      lock(unique, lengths(1, 15)),
      'Countess Eleonora von Hohenschwangau',
      { others: ['Countess Eleono'] },
      'Countess BC1234',
    ],
    [
      'with another tag where that is taken, too',
      lock(unique, lengths(1, 10)),
      'Ann',
      { others: ['Ann', 'Ann BC1234'] },
      'Ann 00000A',
    ],
    [
      'made up, with another tag where that is taken',
      lock(unique, lengths(1, 8)),
      null,
      { others: ['Code BC1'] },
      'Code 000',
    ],
    ['as it is where names need not differ', lock(), 'Ann', { others: ['Ann'] }, 'Ann'],
    [
      'short, with a tag, where a lock has cut the tag off',
      lock(unique),
      'Ann Lee',
      { distinct: true, plain: true, others: ['Ann Lee'] },
      'Ann L BC1234',
    ],
    [
      'in plain letters where it was refused',
      lock(),
      'Zoë Müller-Lüdenscheidt',
      { plain: true },
      'Zoe Muller L',
    ],
    ['made up where nothing of it is plain', lock(), '山田太郎', { plain: true }, 'Code BC1234'],
    ['without what is no letter at all', lock(), 'An\u0000n\u0007', {}, 'Ann'],
  ])('%s', (_, capabilities, name, style, expected) => {
    expect(nameForLock(capabilities, { name, codeId }, style)).toBe(expected);
  });

  it('is within the lock’s lengths however the lock counts, and the same each time', () => {
    fc.assert(
      fc.property(
        fc.option(fc.string({ unit: 'grapheme', maxLength: 80 })),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 8, max: 40 }),
        fc.record({ plain: fc.boolean(), distinct: fc.boolean() }),
        (name, shortest, longest, style) => {
          const told = nameForLock(lock(lengths(shortest, longest)), { name, codeId }, style) ?? '';
          expect([...told].length).toBeGreaterThanOrEqual(shortest);
          expect(Buffer.byteLength(told)).toBeLessThanOrEqual(longest);
          expect(nameForLock(lock(lengths(shortest, longest)), { name, codeId }, style) ?? '').toBe(told);
          expect(isPlainName(told) || !style.plain).toBe(true);
        },
      ),
    );
  });

  it('is no other code’s, whatever the codes are called and however short names are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.uuid({ version: 4 }), { minLength: 2, maxLength: 12 }),
        fc.array(
          fc.option(fc.constantFrom('Ann', 'ann', 'Countess Eleonora', 'Countess Elfriede', '山田', '')),
          {
            minLength: 12,
            maxLength: 12,
          },
        ),
        fc.integer({ min: 8, max: 40 }),
        (ids, names, longest) => {
          const told: string[] = [];
          for (const [nth, id] of ids.entries()) {
            const asked = { name: names[nth]!, codeId: id };
            told.push(nameForLock(lock(unique, lengths(1, longest)), asked, { others: told })!);
          }
          expect(new Set(told).size).toBe(ids.length);
          expect(told.every((each) => each !== '' && Buffer.byteLength(each) <= longest)).toBe(true);
        },
      ),
    );
  });
});

describe('a name that was read back', () => {
  it.each([
    ['Zoë Müller-Lüdenscheidt', 'Zoë Müller'],
    ['Zoë Müller-Lüdenscheidt', 'ZOE MULLER LUD'],
    ['Zoë Müller-Lüdenscheidt', 'Zo? M?ller-L?d'],
    ['Zoë Müller', 'Zo Mller'],
    ['Guest', 'Guest'],
    ['Guest', ''],
    ['Guest', null],
    [null, ''],
  ])('%s is what was told, as %s', (told, read) => {
    expect(isNameOf(told, read)).toBe(true);
  });

  it.each([
    ['Guest', 'Mallory'],
    ['Guest', 'My Guest'],
    ['Ann', 'Anne'],
    ['Ann', '??'],
    [null, 'Mallory'],
  ])('%s is not what was told, as %s', (told, read) => {
    expect(isNameOf(told, read)).toBe(false);
  });
});
