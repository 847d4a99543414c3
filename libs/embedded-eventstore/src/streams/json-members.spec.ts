import * as fc from 'fast-check';
import { jsonMembers, withMember } from './json-members';

describe('the members of a JSON object', () => {
  it('stand as they were written', () => {
    const text = ' { "a" : 9007199254740993, "b":{"x":[1,"}"]} ,"c\\"":"\\\\", "$tb":5.0 }';
    expect(jsonMembers(text).map(({ key, value }) => [key, value])).toEqual([
      ['a', '9007199254740993'],
      ['b', '{"x":[1,"}"]}'],
      ['c"', '"\\\\"'],
      ['$tb', '5.0'],
    ]);
    expect(jsonMembers('[1]')).toEqual([]);
    expect(jsonMembers('{}')).toEqual([]);
  });

  it('are those that JSON.parse finds, however they are written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 2),
        (object, indent) => {
          const text = JSON.stringify(object, undefined, indent);
          const found = jsonMembers(text).map(({ key, value }) => [key, JSON.parse(value)] as const);
          expect(found).toEqual(Object.entries(JSON.parse(text) as object));
        },
      ),
    );
  });

  it('are replaced and added one at a time, the others untouched', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (object, key) => {
        const text = JSON.stringify(object);
        const changed = withMember(text, key, '7');
        const others = (of: string) => jsonMembers(of).filter((member) => member.key !== key);
        expect(jsonMembers(changed).find((member) => member.key === key)?.value).toBe('7');
        expect(others(changed).map(({ value }) => value)).toEqual(others(text).map(({ value }) => value));
      }),
    );
  });
});
