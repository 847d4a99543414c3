import type { SchemaObject } from './document';

/** A shape that answers are made of, by the name that the OpenAPI document gives it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: SchemaObject;
}

export const named = (name: string, schema: SchemaObject): NamedSchema => ({ name, schema });

/** An object with these properties, all of them required except those in `optional`; a client must expect others. */
export function objectOf(
  properties: Record<string, SchemaObject>,
  optional: readonly string[] = [],
): SchemaObject {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

export const id: SchemaObject = { type: 'string', format: 'uuid' };
export const text: SchemaObject = { type: 'string' };
export const number: SchemaObject = { type: 'number' };
export const whole: SchemaObject = { type: 'integer' };
export const flag: SchemaObject = { type: 'boolean' };
export const instant: SchemaObject = { type: 'string', format: 'date-time' };
export const listOf = (items: SchemaObject): SchemaObject => ({ type: 'array', items });
export const oneOf = (...words: string[]): SchemaObject => ({ type: 'string', enum: words });
/** What may also be null. In OpenAPI 3.0 an enum must name null as well. */
export const orNull = (schema: SchemaObject): SchemaObject => ({
  ...schema,
  ...(schema.enum ? { enum: [...schema.enum, null] } : {}),
  nullable: true,
});
export const anything: SchemaObject = { type: 'object', additionalProperties: true };
export const metadata: SchemaObject = {
  type: 'object',
  additionalProperties: { oneOf: [{ type: 'string' }, { type: 'boolean' }] },
};

/** An error or warning: its code, what it says, and since when. */
export const issues = (kind: 'error' | 'warning'): SchemaObject =>
  listOf({
    ...objectOf({ [`${kind}_code`]: text, message: text, created_at: instant }),
    additionalProperties: true,
  });

export const PAGINATION = named(
  'pagination',
  objectOf({ has_next_page: flag, next_page_cursor: orNull(text), next_page_url: orNull(text) }),
);
