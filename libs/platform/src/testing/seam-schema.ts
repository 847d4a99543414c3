/** Codes that the API's documentation names and its published schema lacks. */
export const UNPUBLISHED_CODES = [
  'code_constraints_violated',
  'failed_to_issue',
  'failed_to_update',
  'failed_to_remove',
] as const;

/**
 * For tests: a check against one of the schemas that Seam publishes (`access_code`, `device`, `event`, …). It
 * answers what is wrong with a value; nothing if it is valid. Errors of codes that the schema lacks are passed
 * over.
 */
export async function seamSchema(name: string): Promise<(value: unknown) => string[]> {
  // Loaded when asked for: neither is there outside of tests.
  const { Ajv } = await import('ajv');
  const formats = (await import('ajv-formats')) as unknown as { default: (to: typeof ajv) => void };
  const { openapi } = (await import('@seamapi/types/connect')) as unknown as {
    openapi: { components: { schemas: Record<string, object> } };
  };
  const schema = openapi.components.schemas[name];
  if (!schema) throw new Error(`Seam publishes no schema ${name}`);
  const ajv = new Ajv({ strict: false, allErrors: false });
  formats.default(ajv);
  const validate = ajv.compile(modern(schema) as object);
  return (value) => {
    if (validate(published(value))) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  };
}

/** OpenAPI 3.0 says with a boolean whether a minimum is exclusive, JSON Schema with the bound itself. */
function modern(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(modern);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, modern(value)] as const);
  const { minimum, exclusiveMinimum, nullable, ...rest } = Object.fromEntries(entries);
  // Anything at all may be null too; ajv takes the word for it only beside a type.
  if (nullable !== undefined && 'type' in rest) rest.nullable = nullable;
  if (exclusiveMinimum === true) return { ...rest, exclusiveMinimum: minimum };
  return minimum === undefined ? rest : { ...rest, minimum };
}

function published(value: unknown): unknown {
  const { errors, warnings } = value as {
    errors?: { error_code: string }[];
    warnings?: { warning_code: string }[];
  };
  if (!errors) return value;
  const unpublished: readonly string[] = UNPUBLISHED_CODES;
  return {
    ...(value as object),
    errors: errors.filter(({ error_code }) => !unpublished.includes(error_code)),
    ...(warnings && { warnings: warnings.filter(({ warning_code }) => warning_code !== 'delay_in_issuing') }),
  };
}
