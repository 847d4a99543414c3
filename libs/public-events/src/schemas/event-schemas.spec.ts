import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TYPES } from '../webhooks/event-types';
import { EVENT_SCHEMAS, type EventSchema } from './event-schemas';
import type { JsonSchema } from './json-schema';
import { breaksOf } from './testing/compatibility';

/** The shapes as they were published. With GOLDEN=write what is new is added; what is there is never changed. */
const FILE = join(__dirname, 'golden/event-schemas.json');
const golden = JSON.parse(readFileSync(FILE, 'utf8')) as EventSchema[];

const keyOf = ({ event_type, version }: EventSchema) => `${event_type} ${version}`;
const current = new Map(EVENT_SCHEMAS.map((each) => [keyOf(each), each]));

if (process.env['GOLDEN'] === 'write') {
  const known = new Set(golden.map(keyOf));
  golden.push(...EVENT_SCHEMAS.filter((each) => !known.has(keyOf(each))));
  writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`);
}

test.each(golden.map((each) => [keyOf(each), each] as const))(
  '%s: who reads it as it was published still can',
  (key, { schema }) => {
    const now = current.get(key);
    expect(now && breaksOf(schema, now.schema)).toEqual([]);
  },
);

test('every type that is told is among those that were published, and may be asked for by webhooks', () => {
  expect([...current.keys()].filter((key) => !golden.some((each) => keyOf(each) === key))).toEqual([]);
  expect(
    EVENT_SCHEMAS.map(({ event_type }) => event_type).filter((type) => !EVENT_TYPES.includes(type)),
  ).toEqual([]);
});

describe('what would break an old reader is found:', () => {
  const before: JsonSchema = {
    type: 'object',
    required: ['code', 'name'],
    properties: {
      code: { type: 'string' },
      name: { type: ['string', 'null'] },
      errors: {
        type: 'array',
        items: { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } },
      },
    },
  };
  const changed = (properties: object, required = ['code', 'name']): JsonSchema => ({
    ...before,
    required,
    properties: { ...before.properties, ...properties },
  });

  it.each([
    ['a property that is gone', { ...before, properties: {} }, /code is not told any more/],
    ['one that may be missing', changed({}, ['name']), /code may be missing now/],
    ['one of another type', changed({ code: { type: 'number' } }), /code may be number now/],
    ['one that may be null', changed({ code: { type: ['string', 'null'] } }), /code may be null now/],
    [
      'one inside a list',
      changed({ errors: { type: 'array', items: { type: 'object' } } }),
      /errors\[\]\.at is not told/,
    ],
  ])('%s', (_, after, words) => {
    expect(breaksOf(before, after).join('; ')).toMatch(words);
  });

  it.each([
    ['a property more', changed({ reason: { type: 'string' } })],
    ['one that is always there now', changed({}, ['code', 'name', 'errors'])],
    ['one that is never null any more', changed({ name: { type: 'string' } })],
  ])('not %s', (_, after) => {
    expect(breaksOf(before, after)).toEqual([]);
  });
});
