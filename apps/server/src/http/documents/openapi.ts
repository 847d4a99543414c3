import {
  type AnswerPart,
  endpointOf,
  type NamedSchema,
  paramsOf,
  type SeamEndpoint,
  type Verb,
} from '@latchkey/http';
import type { INestApplication } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Schemas[string];
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The OpenAPI document of every endpoint that is routed. @param sandbox whether those of the sandbox are there */
export function openApiDocument(app: INestApplication, { sandbox }: { sandbox: boolean }): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Latchkey')
    .setDescription(
      'Puts PIN codes on smart locks and takes them off again. Wire-compatible with the Seam API: its SDKs work with their endpoint set to this server.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: seam_…' }, 'api_key')
    .build();
  const { components = {} } = SwaggerModule.createDocument(app, config);
  const endpoints = endpointsOf(app).filter(({ sandboxOnly }) => sandbox || !sandboxOnly);
  const schemas: Schemas = { ...components.schemas, error: ERROR };
  for (const { answer } of endpoints) {
    for (const part of Object.values(answer)) schemas[shapeOf(part).name] = shapeOf(part).schema;
  }
  return {
    openapi: '3.0.3',
    info: config.info,
    security: [{ api_key: [] }],
    tags: [...new Set(endpoints.map(tagOf))].sort().map((name) => ({ name })),
    paths: Object.fromEntries(
      endpoints
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map((endpoint) => [endpoint.path, operations(endpoint, schemas)]),
    ),
    components: { securitySchemes: components.securitySchemes, schemas: used(schemas, endpoints) },
  };
}

function endpointsOf(app: INestApplication): SeamEndpoint[] {
  const scanner = new MetadataScanner();
  return app
    .get(DiscoveryService, { strict: false })
    .getControllers()
    .flatMap(({ instance }) => {
      if (!instance) return [];
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      return scanner.getAllMethodNames(prototype).map((name) => endpointOf(prototype[name]!));
    })
    .filter((endpoint) => endpoint !== undefined);
}

const tagOf = ({ path }: SeamEndpoint) => path.split('/')[1]!;
const shapeOf = (part: AnswerPart): NamedSchema => ('listOf' in part ? part.listOf : part);
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const readsQuery = (verb: Verb) => verb === 'GET' || verb === 'DELETE';

function operations(endpoint: SeamEndpoint, schemas: Schemas): Record<string, Operation> {
  return Object.fromEntries(
    endpoint.verbs.map((verb) => [verb.toLowerCase(), operation(verb, endpoint, schemas)]),
  );
}

function operation(verb: Verb, endpoint: SeamEndpoint, schemas: Schemas): Operation {
  const words = endpoint.path.split(/[/_]/).filter(Boolean);
  const camel = words
    .map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join('');
  const keys = Object.keys(endpoint.answer);
  return {
    operationId: `${camel}${verb[0]}${verb.slice(1).toLowerCase()}`,
    summary: endpoint.summary,
    tags: [tagOf(endpoint)],
    ...(readsQuery(verb)
      ? { parameters: queryParameters(endpoint, schemas) }
      : { requestBody: body(endpoint), ...(verb === 'POST' ? { parameters: [IDEMPOTENCY_KEY] } : {}) }),
    responses: {
      '200': success(endpoint),
      '4XX': failure('The request is at fault.'),
      '5XX': failure('We are.'),
    },
    ...({ 'x-response-key': keys[0] ?? null } as object),
  };
}

function body(endpoint: SeamEndpoint): Operation['requestBody'] {
  return {
    required: true,
    content: { 'application/json': { schema: ref(endpoint.params.name) } },
  };
}

function queryParameters({ params }: SeamEndpoint, schemas: Schemas): Operation['parameters'] {
  const declared = schemas[params.name] as { properties?: Record<string, Schema>; required?: string[] };
  return [...paramsOf(params).values()].map(({ name, kind }) => {
    const schema = declared.properties![name]!;
    return {
      name,
      in: 'query' as const,
      required: declared.required?.includes(name) ?? false,
      ...(kind === 'list' ? { style: 'form' as const, explode: true } : {}),
      ...('description' in schema && schema.description ? { description: schema.description } : {}),
      schema,
    };
  });
}

function success({ answer }: SeamEndpoint): Operation['responses'][string] {
  const parts = Object.entries(answer).map(([key, part]): [string, Schema] => [
    key,
    'listOf' in part ? { type: 'array', items: ref(part.listOf.name) } : ref(part.name),
  ]);
  const schema: Schema = {
    type: 'object',
    properties: { ...Object.fromEntries(parts), ok: { type: 'boolean', enum: [true] } },
    required: [...Object.keys(answer), 'ok'],
  };
  return { description: 'Done.', headers: REQUEST_ID, content: { 'application/json': { schema } } };
}

function failure(description: string): Operation['responses'][string] {
  return { description, headers: REQUEST_ID, content: { 'application/json': { schema: ref('error') } } };
}

const REQUEST_ID = {
  'seam-request-id': { description: 'Names this request in our logs.', schema: { type: 'string' as const } },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key with the same body is done once, and answered the same for 24 hours.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

const ERROR: Schema = {
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

/** Only what the document speaks of: the sandbox's shapes are left out with its endpoints. */
function used(schemas: Schemas, endpoints: readonly SeamEndpoint[]): Schemas {
  const names = new Set(['error']);
  const add = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    for (const [, inner] of JSON.stringify(schemas[name]).matchAll(/#\/components\/schemas\/([\w.-]+)/g))
      add(inner!);
  };
  for (const { params, answer } of endpoints) {
    add(params.name);
    for (const part of Object.values(answer)) add(shapeOf(part).name);
  }
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => names.has(name)));
}
