import { randomUUID } from 'node:crypto';
import {
  NO_STREAM,
  persistentSubscriptionToStreamSettingsFromDefaults,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { collect, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { append, readRequest, readResponses } from './support/raw-streams';
import { useTarget } from './support/target';

/** The first that JavaScript's numbers leave out, and the ends of int64. */
const LARGE = [9007199254740993n, 9223372036854775807n];

describe('numbers beyond those that JavaScript counts exactly', () => {
  const target = useTarget();

  async function withMetadata(text: string): Promise<string> {
    const stream = newStream('large');
    await target().client.appendToStream(stream, numberedFrom(0, 7));
    await append(target().raw, `$$${stream}`, 'any', [
      { data: Buffer.from(text), metadata: { type: '$metadata', 'content-type': 'application/json' } },
    ]);
    return stream;
  }
  const read = async (stream: string) => numbersOf(await collect(target().client.readStream(stream)));

  it.each(LARGE)('an expected revision of %d is a wrong one, told as it came', async (expectedRevision) => {
    const stream = newStream('large');
    await target().client.appendToStream(stream, numbered(0));
    const { client } = target();
    // With credentials the client appends by the call for one stream.
    const credentials = { username: 'admin', password: 'changeit' };

    for (const attempt of [
      () => client.appendToStream(stream, numbered(1), { expectedRevision }),
      () => client.appendToStream(stream, numbered(1), { expectedRevision, credentials }),
      () => client.deleteStream(stream, { expectedRevision }),
    ]) {
      const error = await rejection(attempt());
      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(error).toMatchObject({ expectedVersion: expectedRevision, actualVersion: 0n });
    }
  });

  it.each(LARGE)('a group that starts from %d says so', async (startFrom) => {
    const stream = newStream('large');
    await target().client.createPersistentSubscriptionToStream(
      stream,
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom }),
    );

    const { settings } = await target().client.getPersistentSubscriptionToStreamInfo(stream, 'group');
    expect(settings.startFrom).toBe(startFrom);
  });

  it('a revision beyond int64 is refused', async () => {
    const stream = newStream('large');
    await target().client.appendToStream(stream, numbered(0));
    const fromRevision = 9223372036854775808n;

    expect((await rejection(collect(target().client.readStream(stream, { fromRevision })))).code).toBe(2);
  });

  it.each(['9007199254740993', '9223372036854775806'])(
    '$tb %s hides all there is, and deletes nothing',
    async (tb) => {
      const stream = await withMetadata(`{"$tb":${tb}}`);

      expect(await read(stream)).toEqual([]);
      const again = target().client.appendToStream(stream, numbered(7), { expectedRevision: NO_STREAM });
      expect(await rejection(again)).toMatchObject({ actualVersion: 6n });
    },
  );

  it.each(['9223372036854775808', '5.0', '1e3'])('$tb %s is invalid', async (tb) => {
    expect(await read(await withMetadata(`{"$tb":${tb}}`))).toHaveLength(7);
  });

  it('others’ numbers in the metadata of a stream outlive its deletion and return as they were', async () => {
    const marker = randomUUID();
    const stream = await withMetadata(
      `{"${marker}":9007199254740993,"deep":{"x":[12345678901234567890]},"$tb":9223372036854775807}`,
    );
    await target().client.appendToStream(stream, numbered(7));

    const responses = await readResponses(target().raw, readRequest(`$$${stream}`));
    const texts = responses.flatMap((response) => {
      const event = response.getEvent()?.getEvent();
      return event ? [Buffer.from(event.getData_asU8()).toString('utf8')] : [];
    });
    const written = texts.at(-1)!.replaceAll(/\s/g, '');
    expect(written).toContain(`"${marker}":9007199254740993`);
    expect(written).toContain('[12345678901234567890]');
    expect(written).toContain('"$tb":7');
  });
});
