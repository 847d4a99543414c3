import { isLateAnswer } from './outages';

function thrownAt(place: string, error: Error): Error {
  error.stack = `${error.name}: ${error.message}\n    at ClientDuplexStreamImpl.<anonymous> (${place})`;
  return error;
}

const client = '/app/node_modules/@eventstore/db-client/dist/streams/appendToStream/batchAppend.js:22:34';

it('an answer to an append that nobody waits for any more is known by where the client throws', () => {
  const late = new TypeError('undefined is not iterable (cannot read property Symbol(Symbol.iterator))');
  expect(isLateAnswer(thrownAt(client, late))).toBe(true);
});

it.each([
  ['thrown elsewhere', thrownAt('/app/dist/apps/server/src/main.js:1:1', new TypeError('x is not iterable'))],
  ['of another kind', thrownAt(client, new TypeError('resp.hasError is not a function'))],
  ['no TypeError', thrownAt(client, new Error('undefined is not iterable'))],
  ['no error at all', 'undefined is not iterable'],
])('one that is %s is not', (_, exception) => {
  expect(isLateAnswer(exception)).toBe(false);
});
