import { Params, schema, SeamRoute, Text } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { EVENT_SCHEMAS } from '../schemas/event-schemas';

const { anything, named, objectOf, text, whole } = schema;

const EVENT_SCHEMA_SCHEMA = named(
  'event_schema',
  objectOf({ event_type: text, version: whole, schema: anything }),
);

class EventSchemasParams {
  @Text({ optional: true, min: 1, max: 200, description: 'Those of this type alone.' })
  event_type?: string;
}

/** /events/schemas: what each type of event looks like. */
@Controller()
export class EventSchemasController {
  @SeamRoute('/events/schemas', ['GET'], {
    summary: 'A JSON Schema of each type of event, with its version',
    answer: { event_schemas: { listOf: EVENT_SCHEMA_SCHEMA } },
    params: EventSchemasParams,
  })
  list(@Params(EventSchemasParams) { event_type }: EventSchemasParams) {
    const found = EVENT_SCHEMAS.filter((each) => event_type === undefined || each.event_type === event_type);
    if (found.length === 0) throw ApiError.notFound('event_schema', 'No event of that type is told.');
    return { event_schemas: found };
  }
}
