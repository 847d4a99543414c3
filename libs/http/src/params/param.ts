import { IsDefined, ValidateIf } from 'class-validator';
import { refTo, type Schema, type SchemaObject } from '../openapi/document';
import { orNull } from '../openapi/schemas';

/** How a parameter's value looks on the wire, as far as reading a query string must know it. */
export type Kind = 'text' | 'number' | 'flag' | 'list' | 'record' | 'object';

export type ParamsClass = new () => object;

/** What is declared of one parameter. */
export interface Param {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  readonly required: boolean;
  /** What the OpenAPI document says of it. */
  readonly schema: SchemaObject;
  /** The class of an `object`'s own parameters. */
  readonly type?: ParamsClass;
  /** Whether a `list` holds numbers. */
  readonly ofNumbers?: boolean;
  /** What is not found where an id, or one of a list, is no UUID and so is treated as unknown: `device`. */
  readonly idOf?: string;
  /** What the handler gets in place of the value, once that is valid. */
  readonly convert?: (value: never) => unknown;
}

/** What every parameter can say of itself. */
export interface ParamOptions {
  readonly optional?: boolean;
  /** Whether null is allowed beside the values. */
  readonly nullable?: boolean;
  readonly description?: string;
  readonly default?: unknown;
}

const declared = new WeakMap<object, Map<string, Param>>();

const known = new WeakMap<ParamsClass, ReadonlyMap<string, Param>>();

/** The parameters of a class by name, those of the classes that it extends included. */
export function paramsOf(type: ParamsClass): ReadonlyMap<string, Param> {
  let params = known.get(type);
  if (!params) known.set(type, (params = gathered(type)));
  return params;
}

function gathered(type: ParamsClass): ReadonlyMap<string, Param> {
  const all = new Map<string, Param>();
  for (
    let proto = type.prototype as object | null;
    proto;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    for (const [name, param] of declared.get(proto) ?? []) if (!all.has(name)) all.set(name, param);
  }
  return all;
}

/** The schema of a class of parameters; parameters inside parameters are referred to by the name of their class. */
export function paramsSchema(type: ParamsClass): SchemaObject {
  const params = [...paramsOf(type).values()];
  const required = params.filter((param) => param.required).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(params.map((param) => [param.name, schemaOf(param)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

function schemaOf({ type, schema }: Param): Schema {
  if (!type) return schema;
  // The siblings of a reference would be ignored.
  return Object.keys(schema).length > 0 ? { ...schema, allOf: [refTo(type.name)] } : refTo(type.name);
}

/** The classes of parameters inside a class's parameters, at any depth. */
export function nestedIn(type: ParamsClass): ParamsClass[] {
  return [...paramsOf(type).values()].flatMap((param) =>
    param.type ? [param.type, ...nestedIn(param.type)] : [],
  );
}

/** Declares a parameter: for reading it, for checking it and for the OpenAPI document. */
export function declare(
  what: Pick<Param, 'kind' | 'type' | 'ofNumbers' | 'idOf' | 'convert'>,
  schema: SchemaObject,
  options: ParamOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
  const nullable = options.nullable ?? false;
  const required = !options.optional;
  const described = {
    ...(nullable ? orNull(schema) : schema),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.default === undefined ? {} : { default: options.default }),
  };
  return (target, property) => {
    const name = String(property);
    let params = declared.get(target);
    if (!params) declared.set(target, (params = new Map<string, Param>()));
    params.set(name, { ...what, name, nullable, required, schema: described });
    const present = options.optional
      ? ValidateIf((_, value) => value !== undefined && !(nullable && value === null))
      : IsDefined({ message: 'is required' });
    present(target, property);
    for (const check of checks) check(target, property);
  };
}
