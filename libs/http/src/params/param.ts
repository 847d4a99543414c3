import { ApiProperty } from '@nestjs/swagger';
import { IsDefined, ValidateIf } from 'class-validator';

/** How a parameter's value looks on the wire, as far as reading a query string must know it. */
export type Kind = 'text' | 'number' | 'flag' | 'list' | 'record' | 'object';

export type ParamsClass = new () => object;

/** What is declared of one parameter. */
export interface Param {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  /** The class of an `object`'s own parameters. */
  readonly type?: ParamsClass;
  /** Whether a `list` holds numbers. */
  readonly ofNumbers?: boolean;
  /** What the handler gets in place of the wire's value, once that has been found good. */
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

/** The parameters of a class by name, those of the classes that it extends included. */
export function paramsOf(type: ParamsClass): ReadonlyMap<string, Param> {
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

/** Declares a parameter: for reading it, for checking it and for the OpenAPI document. */
export function declare(
  what: Omit<Param, 'name' | 'nullable'>,
  schema: Record<string, unknown>,
  options: ParamOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
  const nullable = options.nullable ?? false;
  return (target, property) => {
    const name = String(property);
    let params = declared.get(target);
    if (!params) declared.set(target, (params = new Map<string, Param>()));
    params.set(name, { ...what, name, nullable });
    const present = options.optional
      ? ValidateIf((_, value) => value !== undefined && !(nullable && value === null))
      : IsDefined({ message: 'is required' });
    present(target, property);
    ApiProperty({
      ...schema,
      required: !options.optional,
      ...(nullable ? { nullable } : {}),
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.default === undefined ? {} : { default: options.default }),
    })(target, property);
    for (const check of checks) check(target, property);
  };
}
