import { entryIn, FieldReader, uuidTextInMessage } from '@latchkey/eventstore-wire';
import type { Position, RecordedEvent } from '../../event-store';
import { fromStored } from '../recorded';
import type { OwnEvents } from './own-events';
import { positionIn, unsigned } from './positions';

/** What a subscription is sent; nothing of what it does not ask for. */
export type ReadAnswer =
  | { readonly is: 'event'; readonly event: RecordedEvent }
  | { readonly is: 'confirmation' }
  | { readonly is: 'checkpoint'; readonly position: Position }
  | { readonly is: 'caught-up' }
  | { readonly is: 'other' };

/** Ticks are 100 nanoseconds each: so many digits are less than a millisecond. */
const DIGITS_BELOW_MS = 4;
const NOTHING: Buffer = Buffer.alloc(0);
const JSON_TYPE = 'application/json';
const NO_TYPE = '<no-event-type-provided>';

/**
 * `ReadResp`. Field numbers are those of streams.proto.
 * @param own events that need not be read, since they were appended here
 * @throws RangeError when the bytes are no message
 */
export function decodeReadAnswer(bytes: Buffer, own?: OwnEvents): ReadAnswer {
  let answer: ReadAnswer = { is: 'other' };
  for (const field = new FieldReader(bytes); field.next();) {
    if (field.number === 1) answer = resolved(field.inner(), own);
    else if (field.number === 2) answer = { is: 'confirmation' };
    else if (field.number === 3) answer = { is: 'checkpoint', position: positionIn(field.inner()) };
    else if (field.number === 8) answer = { is: 'caught-up' };
  }
  return answer;
}

/** Links are not followed, so that there is an event or nothing. */
function resolved(field: FieldReader, own: OwnEvents | undefined): ReadAnswer {
  let event: RecordedEvent | undefined;
  while (field.next()) if (field.number === 1) event = recorded(field.inner(), own);
  return event ? { is: 'event', event } : { is: 'other' };
}

function recorded(field: FieldReader, own: OwnEvents | undefined): RecordedEvent {
  let id = '';
  let stream = '';
  let revision = 0;
  let commit = 0n;
  let prepare = 0n;
  let [type, contentType, created] = [NO_TYPE, '', ''];
  let metadata = NOTHING;
  let data = NOTHING;
  while (field.next()) {
    switch (field.number) {
      case 1:
        id = uuidTextInMessage(field.bytes());
        break;
      case 2:
        stream = streamName(field.inner());
        break;
      case 3:
        revision = field.value;
        break;
      case 4:
        prepare = unsigned(field);
        break;
      case 5:
        commit = unsigned(field);
        break;
      case 6: {
        const [key, value] = entryIn(field.inner());
        if (key === 'type') type = value;
        else if (key === 'content-type') contentType = value;
        else if (key === 'created') created = value;
        break;
      }
      case 7:
        metadata = field.bytes();
        break;
      case 8:
        data = field.bytes();
        break;
    }
  }
  const position = { commit, prepare };
  const recordedAt = Number(created.slice(0, -DIGITS_BELOW_MS));
  const isJson = contentType === JSON_TYPE;
  const again = isJson ? own?.take(id, data, metadata) : undefined;
  if (again) {
    const { data, metadata, written } = again;
    return { id, type, stream, revision, position, recordedAt, data, metadata, written };
  }
  return fromStored(
    {
      ...{ id, type, stream, revision, data, metadata, isJson },
      created: recordedAt,
      dataText: data.toString('utf8'),
      metadataText: metadata.toString('utf8'),
    },
    position,
  );
}

function streamName(identifier: FieldReader): string {
  let name = '';
  while (identifier.next()) if (identifier.number === 3) name = identifier.text();
  return name;
}
