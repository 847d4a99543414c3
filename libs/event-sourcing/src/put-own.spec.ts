import { leavingOut, putOwn } from './put-own';

it('puts a property of any name, in order', () => {
  const object: Record<string, unknown> = {};
  for (const name of ['b', '__proto__', 'constructor', '10', 'a', '2']) putOwn(object, name, { of: name });
  expect(JSON.stringify(object)).toBe(
    '{"2":{"of":"2"},"10":{"of":"10"},"b":{"of":"b"},"__proto__":{"of":"__proto__"},"constructor":{"of":"constructor"},"a":{"of":"a"}}',
  );
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
});

it('copies an object without some of its properties', () => {
  const given = JSON.parse('{"z":1,"salt":2,"__proto__":3,"a":null,"mark":4}') as object;
  expect(JSON.stringify(leavingOut(given, new Set(['salt', 'mark'])))).toBe('{"z":1,"__proto__":3,"a":null}');
});
