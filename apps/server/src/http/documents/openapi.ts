import {
  type AnswerPart,
  type JsonContent,
  type NamedSchema,
  nestedIn,
  type OpenApiDocument,
  type Operation,
  paramsOf,
  paramsSchema,
  refTo,
  type ResponseObject,
  type Schema,
  type SchemaObject,
  type Schemas,
  type SeamEndpoint,
  type Verb,
  changesNothing,
} from '@latchkey/http';
import type { INestApplication } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { endpointsOf } from '../endpoints';
import { exampleOf, type Examples } from './examples';

/**
 * The OpenAPI document of every endpoint that is routed.
 * @param options.sandbox whether those of the sandbox are there
 * @param options.examples ids that requests can be tried with, by the parameter's name
 */
export function openApiDocument(
  app: INestApplication,
  { sandbox, examples = {} }: { sandbox: boolean; examples?: Examples },
): OpenApiDocument {
  const endpoints = endpointsOf(app)
    .map(({ endpoint }) => endpoint)
    .filter(({ sandboxOnly }) => sandbox || !sandboxOnly);
  endpoints.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    openapi: '3.0.3',
    info: {
      title: 'Latchkey',
      description:
        'Puts PIN codes on smart locks and takes them off again. Wire-compatible with the Seam API: its SDKs work with their endpoint set to this server.',
      version: '1',
    },
    servers: [{ url: '/', description: 'The server that this document comes from.' }],
    security: [{ api_key: [] }],
    tags: [...new Set(endpoints.map(tagOf))].sort().map((name) => ({ name })),
    paths: Object.fromEntries(
      endpoints.map((endpoint) => [endpoint.path, operations(endpoint, exampleOf(endpoint, examples))]),
    ),
    components: {
      securitySchemes: {
        api_key: { type: 'http', scheme: 'bearer', description: 'An API key: seam_…' },
      },
      schemas: schemasOf(endpoints),
    },
  };
}

/**
 * The shapes that these endpoints take and answer, and no others.
 * @throws where two of them have one name: one would be described by the other
 */
function schemasOf(endpoints: readonly SeamEndpoint[]): Schemas {
  const schemas: Record<string, Schema> = { error: ERROR };
  const add = (name: string, schema: Schema) => {
    const known = schemas[name];
    if (known && !isDeepStrictEqual(known, schema)) throw new Error(`two shapes are called ${name}`);
    schemas[name] = schema;
  };
  for (const { params, answer } of endpoints) {
    for (const type of [params, ...nestedIn(params)]) add(type.name, paramsSchema(type));
    for (const part of Object.values(answer)) add(shapeOf(part).name, shapeOf(part).schema);
  }
  return schemas;
}

const tagOf = ({ path }: SeamEndpoint) => path.split('/')[1]!;
const shapeOf = (part: AnswerPart): NamedSchema => ('listOf' in part ? part.listOf : part);
const readsQuery = (verb: Verb) => verb === 'GET' || verb === 'DELETE';

type Example = Readonly<Record<string, unknown>>;

function operations(endpoint: SeamEndpoint, example: Example): Record<string, Operation> {
  return Object.fromEntries(
    endpoint.verbs.map((verb) => [verb.toLowerCase(), operation(verb, endpoint, example)]),
  );
}

function operation(verb: Verb, endpoint: SeamEndpoint, example: Example): Operation {
  const words = endpoint.path.split(/[/_]/).filter(Boolean);
  const camel = words
    .map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join('');
  const keys = Object.keys(endpoint.answer);
  return {
    operationId: `${camel}${verb[0]}${verb.slice(1).toLowerCase()}`,
    summary: endpoint.summary,
    tags: [tagOf(endpoint)],
    ...(readsQuery(verb) ? {} : { requestBody: body(endpoint, example) }),
    parameters: [
      ...(readsQuery(verb) ? queryParameters(endpoint, example) : []),
      ...(verb === 'GET' || changesNothing(endpoint) ? [] : [IDEMPOTENCY_KEY]),
    ],
    responses: {
      '200': success(endpoint),
      '4XX': failure('The request is at fault.'),
      '5XX': failure('We are.'),
    },
    'x-response-key': keys[0] ?? null,
  };
}

function body({ params }: SeamEndpoint, example: Example): Operation['requestBody'] {
  return {
    required: [...paramsOf(params).values()].some(({ required }) => required),
    content: { 'application/json': { schema: refTo(params.name), example } },
  };
}

function queryParameters({ params }: SeamEndpoint, example: Example): NonNullable<Operation['parameters']> {
  const { properties = {} } = paramsSchema(params);
  return [...paramsOf(params).values()].map(({ name, kind, required, schema }) => ({
    name,
    in: 'query' as const,
    required,
    ...(kind === 'list' ? { style: 'form' as const, explode: true } : {}),
    ...(schema.description ? { description: schema.description } : {}),
    schema: properties[name]!,
    ...(Object.hasOwn(example, name) ? { example: example[name] } : {}),
  }));
}

function success({ answer, streams }: SeamEndpoint): ResponseObject {
  if (streams !== undefined) {
    return {
      description: 'Goes on until either side ends it.',
      headers: REQUEST_ID,
      content: { [streams]: {} },
    };
  }
  const parts = Object.entries(answer).map(([key, part]): [string, Schema] => [
    key,
    'listOf' in part ? { type: 'array', items: refTo(part.listOf.name) } : refTo(part.name),
  ]);
  return answered('Done.', {
    type: 'object',
    properties: { ...Object.fromEntries(parts), ok: { type: 'boolean', enum: [true] } },
    required: [...Object.keys(answer), 'ok'],
  });
}

const failure = (description: string) => answered(description, refTo('error'));

function answered(description: string, schema: Schema): ResponseObject {
  const content: JsonContent = { 'application/json': { schema } };
  return { description, headers: REQUEST_ID, content };
}

const REQUEST_ID: ResponseObject['headers'] = {
  'seam-request-id': { description: 'Names this request in our logs.', schema: { type: 'string' } },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key with the same parameters is done once, and answered the same for 24 hours.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

const ERROR: SchemaObject = {
  type: 'object',
  properties: {
    ok: { type: 'boolean', enum: [false] },
    error: {
      type: 'object',
      properties: {
        type: { type: 'string' },
        message: { type: 'string' },
        data: {},
        validation_errors: { type: 'object', additionalProperties: true },
      },
      required: ['type', 'message'],
    },
  },
  required: ['ok', 'error'],
};
