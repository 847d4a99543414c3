import { ApiError } from '@latchkey/platform';
import { validateSync, type ValidationError } from 'class-validator';
import { type Param, type ParamsClass, paramsOf } from './param';
import { isValid } from './is-valid';
import { isPlainText } from './text';
import { type Query, readQuery, Repeated } from './query';

const VALIDATION = { stopAtFirstError: true, forbidUnknownValues: false };

/** Where a request says what it wants. */
export interface ParamsSource {
  readonly query: Query;
  /** The JSON body as it was parsed; undefined where there was none. */
  readonly body: unknown;
}

/**
 * A request's parameters, from its query string and its body, as an instance of `type` with everything checked.
 * Parameters that `type` does not declare are refused; `_strict`, which Seam's SDKs add, is ignored.
 * @throws ApiError 400 invalid_input that says of each parameter what is wrong; 404 where the only error is an
 *   id that can't exist
 */
export function readParams<T extends object>(type: new () => T, source: ParamsSource): T {
  const { body = {} } = source;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw ApiError.invalidInput('The body must be a JSON object.');
  }
  const errors: Errors = blank();
  const fromQuery = readQuery(type, source.query);
  for (const name of Object.keys(fromQuery)) {
    if (name !== '_strict' && Object.hasOwn(body, name)) {
      errors[name] = { _errors: ['must not be in both the query string and the body'] };
    }
  }
  const values = body as Record<string, unknown>;
  const isBoth = Object.keys(fromQuery).length > 0;
  const params = instanceOf(type, isBoth ? { ...values, ...fromQuery } : values, errors);
  if (!isValid(params)) collect(validateSync(params, VALIDATION), errors);
  const wrong = Object.keys(errors);
  if (wrong.length > 0) {
    const unknown = wrong.map((name) => whatIsUnknown(type, name, (params as Record<string, unknown>)[name]));
    const [first] = unknown;
    throw first !== undefined && !unknown.includes(undefined)
      ? ApiError.notFound(first)
      : invalid(errors, wrong);
  }
  convert(type, params);
  return params;
}

/** What an invalid parameter would identify, if it holds ids of something that can be missing. */
function whatIsUnknown(type: ParamsClass, name: string, value: unknown): string | undefined {
  const param = paramsOf(type).get(name);
  if (param?.kind !== 'list') return couldBeAnId(value) ? param?.idOf : undefined;
  const { minItems = 0, maxItems = Infinity } = param.schema;
  const couldBe =
    Array.isArray(value) && value.length >= minItems && value.length <= maxItems && value.every(couldBeAnId);
  return couldBe ? param.idOf : undefined;
}

const couldBeAnId = (value: unknown): boolean => isPlainText(value) && value !== '';

type Errors = Record<string, { _errors: string[] }>;

// Names come from outside, __proto__ among them.
const blank = () => Object.create(null) as Errors;

function instanceOf<T extends object>(type: new () => T, values: Record<string, unknown>, errors: Errors): T {
  const declared = paramsOf(type);
  const params = new type();
  for (const name of Object.keys(values)) {
    if (name === '_strict') continue;
    const param = declared.get(name);
    const value = values[name];
    if (!param) errors[name.slice(0, 100)] = { _errors: ['is not a parameter of this endpoint'] };
    else if (value instanceof Repeated) errors[name] = { _errors: ['must be given only once'] };
    else (params as Record<string, unknown>)[name] = inner(param, value, errors);
  }
  return params;
}

function inner(param: Param, value: unknown, errors: Errors): unknown {
  if (!param.type || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const within: Errors = blank();
  const nested = instanceOf(param.type, value as Record<string, unknown>, within);
  if (Object.keys(within).length > 0) errors[param.name] = { _errors: [], ...within };
  return nested;
}

function collect(found: readonly ValidationError[], errors: Errors): void {
  for (const { property, constraints, children } of found) {
    const at = (errors[property] ??= { _errors: [] });
    // Errors in reading a value come before errors in the value.
    if (at._errors.length === 0) at._errors.push(...Object.values(constraints ?? {}));
    if (children?.length) collect(children, at as unknown as Errors);
  }
}

function convert(type: ParamsClass, params: object): void {
  const values = params as Record<string, unknown>;
  for (const param of paramsOf(type).values()) {
    const value = values[param.name];
    if (value === undefined || value === null) continue;
    if (param.type) convert(param.type, value);
    else if (param.convert) values[param.name] = param.convert(value as never);
  }
}

function invalid(errors: Errors, wrong: readonly string[]): ApiError {
  const first = wrong[0]!;
  const message = `Invalid input: ${firstOf(first, errors[first]!)}${wrong.length > 1 ? ` (and ${wrong.length - 1} more)` : ''}.`;
  return new ApiError(400, 'invalid_input', message, {
    validation_errors: { ...errors },
  });
}

function firstOf(path: string, errors: Errors[string]): string {
  if (errors._errors.length > 0) return `${path} ${errors._errors[0]}`;
  const [name, within] = Object.entries(errors as unknown as Errors).find(([key]) => key !== '_errors') ?? [];
  return name === undefined || within === undefined ? path : firstOf(`${path}.${name}`, within);
}
