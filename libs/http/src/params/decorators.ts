import { parseDuration, parseInstant } from '@latchkey/platform';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { declare, type ParamOptions, type ParamsClass } from './param';
import { IsPlainText } from './text';

/** The longest texts, and lists, that a request may have. */
const LONGEST_TEXT = 1000;
const LONGEST_LIST = 2000;

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NOT_A_UUID = 'must be a UUID';

/** An id. The handler gets it in lower case. */
export function Uuid(options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'text', convert: (value: string) => value.toLowerCase() },
    { type: 'string', format: 'uuid' },
    options,
    Matches(UUID, { message: NOT_A_UUID }),
  );
}

/**
 * The id of a device. One that is no UUID can't be that of a device: 404, not 400.
 * @param options.of what is then not found, where that is not the device itself: `access_code`
 */
export function DeviceId({
  of = 'device',
  ...options
}: ParamOptions & { of?: string } = {}): PropertyDecorator {
  return declare(
    { kind: 'text', idOf: of, convert: (value: string) => value.toLowerCase() },
    { type: 'string', format: 'uuid' },
    options,
    Matches(UUID, { message: NOT_A_UUID }),
  );
}

interface ListOptions extends ParamOptions {
  readonly min?: number;
  readonly max?: number;
}

/** A list of ids. */
export function UuidList(options: ListOptions = {}): PropertyDecorator {
  return idList(options);
}

/** The ids of several devices, each checked as by `DeviceId`. */
export function DeviceIdList(options: ListOptions = {}): PropertyDecorator {
  return idList(options, 'device');
}

function idList(options: ListOptions, idOf?: string): PropertyDecorator {
  return declare(
    { kind: 'list', idOf, convert: (values: string[]) => values.map((value) => value.toLowerCase()) },
    { type: 'array', items: { type: 'string', format: 'uuid' }, ...listSchema(options) },
    options,
    ...listChecks(options),
    Matches(UUID, { each: true, message: 'must hold only UUIDs' }),
  );
}

interface TextOptions extends ParamOptions {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** The error for a text that does not match the pattern. */
  readonly message?: string;
}

/** A text without control characters; characters are counted as Unicode counts them. */
export function Text(options: TextOptions = {}): PropertyDecorator {
  const { min = 0, max = LONGEST_TEXT, pattern, message } = options;
  return declare(
    { kind: 'text' },
    {
      type: 'string',
      ...(min > 0 ? { minLength: min } : {}),
      maxLength: max,
      ...(pattern ? { pattern: pattern.source } : {}),
    },
    options,
    IsPlainText(),
    ...(min > 0 ? [MinLength(min, { message: `must have at least ${min} characters` })] : []),
    MaxLength(max, { message: `must have at most ${max} characters` }),
    ...(pattern ? [Matches(pattern, { message: message ?? `must match ${pattern.source}` })] : []),
  );
}

/** A list of texts. */
export function TextList(options: ListOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'list' },
    { type: 'array', items: { type: 'string', maxLength: LONGEST_TEXT }, ...listSchema(options) },
    options,
    ...listChecks(options),
    IsPlainText({ each: true, message: 'must hold only strings without control characters' }),
    MaxLength(LONGEST_TEXT, {
      each: true,
      message: `must hold strings of at most ${LONGEST_TEXT} characters`,
    }),
  );
}

/** One of some words. */
export function Choice(words: readonly string[], options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'text' },
    { type: 'string', enum: [...words] },
    options,
    IsIn([...words], { message: `must be one of ${some(words)}` }),
  );
}

/** Some of some words. */
export function ChoiceList(words: readonly string[], options: ListOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'list' },
    { type: 'array', items: { type: 'string', enum: [...words] }, ...listSchema(options) },
    options,
    ...listChecks(options),
    IsIn([...words], { each: true, message: `must hold only some of ${some(words)}` }),
  );
}

/** A PIN: 4 to 12 digits. */
export function Pin(options: ParamOptions & { max?: number } = {}): PropertyDecorator {
  const { max = 12 } = options;
  return declare(
    { kind: 'text' },
    { type: 'string', minLength: 4, maxLength: max, pattern: '^\\d+$' },
    options,
    Matches(new RegExp(`^[0-9]{4,${max}}$`), { message: `must be a string of 4 to ${max} digits` }),
  );
}

/** true or false. */
export function Flag(options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'flag' },
    { type: 'boolean' },
    options,
    IsBoolean({ message: 'must be true or false' }),
  );
}

/** A whole number. */
export function Whole(options: ParamOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options;
  const message = `must be a whole number from ${min} to ${max}`;
  return declare(
    { kind: 'number' },
    { type: 'integer', minimum: min, maximum: max },
    options,
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** A list of different whole numbers. */
export function WholeList(
  options: ParamOptions & { min: number; max: number; atLeast?: number },
): PropertyDecorator {
  const { min, max, atLeast = 0 } = options;
  const message = `must hold only whole numbers from ${min} to ${max}`;
  const size = { min: atLeast, max: max - min + 1 };
  return declare(
    { kind: 'list', ofNumbers: true },
    { type: 'array', items: { type: 'integer', minimum: min, maximum: max }, ...listSchema(size) },
    options,
    ...listChecks(size),
    IsInt({ each: true, message }),
    Min(min, { each: true, message }),
    Max(max, { each: true, message }),
    ArrayUnique({ message: 'must not hold a number twice' }),
  );
}

/** An ISO 8601 instant, in UTC where it has no offset. The handler gets ms since the epoch. */
export function Instant(options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'text', convert: parseInstant },
    { type: 'string', format: 'date-time' },
    options,
    passes('instant', isRead(parseInstant), 'must be an ISO 8601 date and time, like 2026-01-31T14:00:00Z'),
  );
}

/** Two instants, the first before the second. The handler gets ms since the epoch. */
export function Between(options: ParamOptions = {}): PropertyDecorator {
  const isBetween = (value: unknown) =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every(isRead(parseInstant)) &&
    parseInstant(value[0] as string) <= parseInstant(value[1] as string);
  return declare(
    { kind: 'list', convert: (values: string[]) => values.map(parseInstant) },
    { type: 'array', items: { type: 'string', format: 'date-time' }, minItems: 2, maxItems: 2 },
    options,
    passes('between', isBetween, 'must be two ISO 8601 dates and times, the earlier one first'),
  );
}

/** An ISO 8601 duration. The handler gets ms. */
export function IsoDuration(options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'text', convert: parseDuration },
    { type: 'string', format: 'duration' },
    options,
    passes('duration', isRead(parseDuration), 'must be an ISO 8601 duration, like PT72H'),
  );
}

/** An http or https URL. */
export function WebAddress(options: ParamOptions = {}): PropertyDecorator {
  const message = 'must be an http or https URL';
  return declare(
    { kind: 'text' },
    { type: 'string', format: 'uri', maxLength: 2000 },
    options,
    IsPlainText(),
    MaxLength(2000, { message: 'must have at most 2000 characters' }),
    IsUrl(
      {
        protocols: ['http', 'https'],
        require_protocol: true,
        require_valid_protocol: true,
        require_tld: false,
        require_host: true,
      },
      { message },
    ),
    passes('address', (value) => typeof value === 'string' && URL.canParse(value), message),
  );
}

/** What a client stores with one of our objects: texts and flags by name. */
export function Metadata(options: ParamOptions = {}): PropertyDecorator {
  return declare(
    { kind: 'record' },
    {
      type: 'object',
      maxProperties: MOST_METADATA,
      additionalProperties: {
        oneOf: [{ type: 'string', maxLength: 500, nullable: true }, { type: 'boolean' }],
      },
    },
    options,
    passes(
      'metadata',
      isMetadata,
      `must be an object of at most ${MOST_METADATA} entries, each a string of at most 500 characters, true, false or null`,
    ),
  );
}

const MOST_METADATA = 50;

function isMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  const short = new RegExp(/^[^\p{Surrogate}\0]{0,500}$/u);
  return (
    entries.length <= MOST_METADATA &&
    entries.every(
      ([name, entry]) =>
        /^[^\p{Cc}\p{Surrogate}]{1,100}$/u.test(name) &&
        name !== '__proto__' &&
        (entry === null || typeof entry === 'boolean' || (typeof entry === 'string' && short.test(entry))),
    )
  );
}

/** Parameters inside a parameter. */
export function Nested(type: ParamsClass, options: ParamOptions = {}): PropertyDecorator {
  const isObject = (value: unknown) => value instanceof type;
  return declare(
    { kind: 'object', type },
    {},
    options,
    passes('object', isObject, 'must be an object'),
    ValidateNested(),
  );
}

function isRead(read: (text: string) => number): (value: unknown) => boolean {
  return (value) => {
    if (typeof value !== 'string') return false;
    try {
      read(value);
      return true;
    } catch {
      return false;
    }
  };
}

function passes(name: string, validate: (value: unknown) => boolean, message: string): PropertyDecorator {
  return ValidateBy({ name, validator: { validate, defaultMessage: () => message } });
}

function listSchema({ min = 0, max = LONGEST_LIST }: { min?: number; max?: number }) {
  return { ...(min > 0 ? { minItems: min } : {}), maxItems: max };
}

function listChecks({ min = 0, max = LONGEST_LIST }: { min?: number; max?: number }): PropertyDecorator[] {
  return [
    IsArray({ message: 'must be an array' }),
    ArrayMinSize(min, { message: `must hold at least ${min}` }),
    ArrayMaxSize(max, { message: `must hold at most ${max}` }),
  ];
}

const some = (words: readonly string[]) =>
  words.length > 12 ? `${words.slice(0, 12).join(', ')}, …` : words.join(', ');
