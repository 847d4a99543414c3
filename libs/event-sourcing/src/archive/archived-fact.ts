import { positionFromText, positionToText, type RecordedEvent } from '../event-store';

/** Which of a fact's data and metadata are bytes, which JSON has no word for. */
type Bytes = '' | 'd' | 'm' | 'dm';

type Line = [
  ...[position: string, stream: string, revision: number, id: string, type: string, recordedAt: number],
  ...[data: unknown, metadata: unknown, bytes?: Bytes],
];

/** A fact as a line of an archive, without the end of the line. JSON that was parsed is written again as it was. */
export function lineOf(fact: RecordedEvent): string {
  const { position, stream, revision, id, type, recordedAt, data, metadata } = fact;
  const bytes = `${isBytes(data) ? 'd' : ''}${isBytes(metadata) ? 'm' : ''}` as Bytes;
  const line: Line = [
    ...([positionToText(position), stream, revision, id, type, recordedAt] as const),
    ...([asText(data), asText(metadata)] as const),
  ];
  return JSON.stringify(bytes === '' ? line : [...line, bytes]);
}

/** @throws Error where it is not a line of an archive */
export function factOf(text: string): RecordedEvent {
  const line = JSON.parse(text) as Line;
  const [position, stream, revision, id, type, recordedAt, data, metadata, bytes = ''] = line;
  return {
    ...{ id, type, stream, revision, recordedAt, position: positionFromText(position) },
    data: bytes.includes('d') ? asBytes(data) : data,
    metadata: (bytes.includes('m') ? asBytes(metadata) : metadata) as RecordedEvent['metadata'],
  };
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const asText = (value: unknown): unknown => (isBytes(value) ? Buffer.from(value).toString('base64') : value);

const asBytes = (value: unknown): Uint8Array => Buffer.from(value as string, 'base64');
