import { compileRegularExpression } from './regular-expression';

describe('a regular expression of a filter', () => {
  it.each([
    ['^order-.+$', ['order-1'], ['order-', 'reorder-1']],
    ['Requested|Removed', ['CodeRequested', 'Removed'], ['CodeSet']],
    ['^[^\\$].*', ['Set'], ['$metadata']],
    ['(?i)SET', ['CodeSet'], ['Code']],
    ['\\p{L}+\\-\\d', ['é-1'], ['1-é']],
    ['\\Aab\\z', ['ab'], ['abc']],
    // What RE2 does not know.
    ['^(?!\\$)', ['Set'], ['$metadata']],
    ['(?<=a)b', ['ab'], ['b']],
    ['(.)\\1', ['aa'], ['ab']],
    ['a{2,2000}', ['aa'], ['a']],
  ])('finds %s anywhere in a text', (pattern, wanted, others) => {
    const matches = compileRegularExpression(pattern);

    expect(wanted.filter(matches)).toEqual(wanted);
    expect(others.filter(matches)).toEqual([]);
    // Again, from memory where there is one.
    expect([...wanted, ...others].filter(matches)).toEqual(wanted);
  });

  it.each(['(', '*', '(?'])('is refused when it is %s', (pattern) => {
    expect(() => compileRegularExpression(pattern)).toThrow('Exception was thrown by handler.');
  });

  it('is refused when it is too long', () => {
    expect(() => compileRegularExpression('a'.repeat(10_001))).toThrow('too long');
  });

  it('does not backtrack without end', () => {
    const attack = `${'a'.repeat(10_000)}!`;

    expect(compileRegularExpression('(a+)+$')(attack)).toBe(false);
    expect(compileRegularExpression('^(a|a)*$')(attack)).toBe(false);
  });

  it('is given up when it would, in what only backtracking can do, and not tried again', () => {
    const attack = `${'a'.repeat(100)}!`;
    const matches = compileRegularExpression('^(?=(a+)+$)');

    expect(matches('aaa')).toBe(true);
    expect(() => matches(attack)).toThrow('takes too long');
    expect(() => compileRegularExpression('^(?=(a+)+$)')('aaa')).toThrow('takes too long');
  });
});
