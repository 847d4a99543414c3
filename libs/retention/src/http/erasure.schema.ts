import { schema } from '@latchkey/http';

const { flag, id, listOf, named, objectOf, oneOf, text } = schema;

export const ERASURE_SCHEMA = named(
  'erasure',
  objectOf({
    codes: listOf(
      objectOf(
        {
          access_code_id: id,
          result: oneOf('erased', 'under_way', 'would_be_erased', 'refused'),
          error_code: text,
          message: text,
        },
        ['error_code', 'message'],
      ),
    ),
    is_public_stream_rewritten: flag,
    not_reached: listOf(text),
  }),
);
