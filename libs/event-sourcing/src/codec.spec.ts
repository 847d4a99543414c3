import fc from 'fast-check';
import { z } from 'zod';
import { EventCodec, ForeignEvent } from './codec';
import type { RecordedEvent } from './event-store';
import { metadata } from './testing/counter';

type Named = { readonly type: 'Named'; readonly data: { readonly first: string; readonly last: string } };

/** Once there was one `name`, then `full`, now two names. */
const codec = new EventCodec<Named>({
  Named: {
    schema: z.object({ first: z.string(), last: z.string() }),
    upcasters: [
      ({ name, ...rest }) => ({ ...rest, full: name }),
      ({ full, ...rest }) => {
        const [first, last] = (full as string).split(' ');
        return { ...rest, first, last };
      },
    ],
  },
});

const recorded = (data: unknown, more: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id: 'event-1',
  type: 'Named',
  stream: 'person-1',
  revision: 7,
  position: { commit: 1n, prepare: 1n },
  recordedAt: 0,
  data,
  metadata: { ...metadata, schemaVersion: 3 },
  ...more,
});
const version = (schemaVersion: unknown) => ({
  metadata: { ...metadata, schemaVersion: schemaVersion as number },
});
const ann = { type: 'Named', data: { first: 'Ann', last: 'Lee' }, at: Date.parse(metadata.occurredAt) };

describe('a codec', () => {
  it('reads an event once, and a copy of it for itself', () => {
    const event = recorded(ann.data);
    const read = codec.decode(event);
    expect(codec.decode(event)).toBe(read);
    const copy = { ...event, data: { ...ann.data, first: 'Bea' } };
    expect(codec.decode(copy).data.first).toBe('Bea');
    expect(codec.decode(event)).toBe(read);
    expect(Object.keys(event)).toEqual(Object.keys(copy));
  });

  it('reads what it wrote, with its instant and in the newest version', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.date({ noInvalidDate: true }), (first, last, when) => {
        const occurredAt = when.toISOString();
        const written = codec.encode({ type: 'Named', data: { first, last } }, 'event-1', {
          ...metadata,
          occurredAt,
        });
        expect(written.metadata.schemaVersion).toBe(3);
        const read = codec.decode({
          ...recorded(JSON.parse(JSON.stringify(written.data))),
          metadata: written.metadata,
        });
        expect(read).toEqual({ type: 'Named', data: { first, last }, at: when.getTime() });
      }),
    );
  });

  it('lists the types that it knows, each in the version that it writes', () => {
    expect(codec.written).toEqual([{ type: 'Named', schemaVersion: 3 }]);
  });

  it('brings every older shape up to the current one', () => {
    expect(codec.decode(recorded({ name: 'Ann Lee' }, version(1)))).toEqual(ann);
    expect(codec.decode(recorded({ full: 'Ann Lee' }, version(2)))).toEqual(ann);
    expect(codec.decode(recorded({ first: 'Ann', last: 'Lee' }, version(3)))).toEqual(ann);
  });

  it('ignores properties that it does not know', () => {
    expect(codec.decode(recorded({ first: 'Ann', last: 'Lee', more: 1 }))).toEqual(ann);
  });

  const own: [string, RecordedEvent, RegExp][] = [
    ['another shape', recorded({ first: 'Ann' }), /last: invalid_type/],
    ['a newer version', recorded({}, version(4)), /schema version 4 is newer/],
    ['an old shape that can not be upcast', recorded({ full: 1 }, version(2)), /upcast/],
    ['no data', recorded(null), /invalid_type/],
  ];
  const named = { first: 'a', last: 'b' };
  const said = (more: object): Partial<RecordedEvent> => ({
    metadata: { ...metadata, schemaVersion: 3, ...more },
  });
  const foreign: [string, RecordedEvent, RegExp][] = [
    ['an unknown type', recorded({}, { type: 'toString' }), /unknown type/],
    ['no version', recorded({ name: 'Ann Lee' }, version(undefined)), /schema version/],
    ['version 0', recorded({ name: 'Ann Lee' }, version(0)), /schema version/],
    ['a version that is no number', recorded({ name: 'Ann Lee' }, version('1')), /schema version/],
    ['no metadata', recorded(named, { metadata: undefined }), /metadata/],
    ['bytes as metadata', recorded(named, { metadata: Buffer.from('x') as never }), /metadata/],
    ['no instant', recorded(named, said({ occurredAt: 'noon' })), /occurredAt is not an instant/],
    ['nobody who did it', recorded(named, said({ actor: undefined })), /who caused it/],
    ['somebody unknown who did it', recorded(named, said({ actor: { type: 'me' } })), /who caused it/],
    ['no workspace', recorded(named, said({ workspaceId: 7 })), /who caused it/],
  ];

  it.each([...own, ...foreign])('refuses %s, and says where it is', (_what, event, reason) => {
    for (let asked = 0; asked < 2; asked++) {
      expect(() => codec.decode(event)).toThrow(/event-1 in person-1@7 can't be read/);
      expect(() => codec.decode(event)).toThrow(reason);
    }
  });

  it.each(own)('takes one of our own with %s for our own', (_what, event) => {
    expect(() => codec.decode(event)).not.toThrow(ForeignEvent);
    expect(() => codec.decodeOwn(event)).toThrow(/can't be read/);
  });

  it.each(foreign)('takes one with %s for a foreign one', (_what, event) => {
    expect(() => codec.decode(event)).toThrow(ForeignEvent);
    expect(codec.decodeOwn(event)).toBeUndefined();
  });

  it('decodes each event once for all readers', () => {
    const event = recorded({ first: 'Ann', last: 'Lee' });
    expect(codec.decode(event)).toBe(codec.decode(event));
  });

  it('knows its types, and no names of JavaScript’s own', () => {
    expect(codec.knows('Named')).toBe(true);
    expect(codec.knows('constructor')).toBe(false);
  });
});
