import { IsPositive, validateSync, ValidateIf } from 'class-validator';
import fc from 'fast-check';
import { Between, DeviceIdList, Instant, Metadata, Nested, Text, Uuid, WebAddress } from './decorators';
import { isValid } from './is-valid';

const ID = '0a0b0c0d-0000-4000-8000-000000000001';

class Inner {
  @Text() word!: string;
}

class Asked {
  @Uuid() id!: string;
  @DeviceIdList({ optional: true }) device_ids?: string[];
  @Instant({ optional: true, nullable: true }) at?: string | null;
  @Between({ optional: true }) between?: string[];
  @Metadata({ optional: true }) metadata?: object;
  @WebAddress({ optional: true }) url?: string;
}

class WithMore extends Asked {
  @Nested(Inner, { optional: true }) inner?: Inner;
  @ValidateIf((asked: WithMore) => asked.id === ID) @IsPositive({ each: true }) counts?: unknown;
}

const bad = fc.constantFrom<unknown>(undefined, null, '', 'x', 0, -1, [], ['x'], {}, { a: 1 }, '\0', true);
const instant = '2026-01-31T14:00:00Z';
const object = fc.record(
  {
    id: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>(ID) }, bad),
    device_ids: fc.oneof(fc.constant<unknown>([ID]), fc.constant([ID, 'x']), bad),
    at: fc.oneof(fc.constant<unknown>(instant), bad),
    between: fc.oneof(fc.constant<unknown>([instant, instant]), bad),
    metadata: fc.oneof(fc.constant<unknown>({ a: 'b' }), bad),
    url: fc.oneof(fc.constant<unknown>('https://example.com'), bad),
  },
  { requiredKeys: [] },
);
const inner = fc.oneof(fc.constant(Object.assign(new Inner(), { word: 'a' })), fc.constant(new Inner()), bad);
const counts = fc.oneof(fc.constant<unknown>([1, 2]), fc.constant([1, -2]), bad);

const errorsOf = (asked: object) =>
  validateSync(asked, { stopAtFirstError: true, forbidUnknownValues: false });

test('says of an object what class-validator says', () => {
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(object, (values) => {
      const asked = Object.assign(new Asked(), values);
      const valid = errorsOf(asked).length === 0;
      expect(isValid(asked)).toBe(valid);
      seen[valid ? 'valid' : 'invalid']++;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(10);
});

test('calls nothing valid that class-validator does not, whatever is declared', () => {
  fc.assert(
    fc.property(object, fc.record({ inner, counts }, { requiredKeys: [] }), (values, more) => {
      const asked = Object.assign(new WithMore(), values, more);
      expect(isValid(asked) ? errorsOf(asked) : []).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  expect(isValid(Object.assign(new WithMore(), { id: ID, counts: [1, 2] }))).toBe(true);
  expect(isValid(Object.assign(new WithMore(), { id: ID, counts: [1, -2] }))).toBe(false);
});

test('a class of which nothing is declared takes anything', () => {
  expect(isValid(new (class Nothing {})())).toBe(true);
});
