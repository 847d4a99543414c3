import { join } from 'node:path';
import {
  carriesPersonal,
  commitment,
  type RecordedEvent,
  replacingPersonal,
  withoutPersonal,
} from '@latchkey/event-sourcing';
import fc from 'fast-check';
import { beginning, linked, type ShownFact, shownFact } from './chain';
import { checkExport } from './check-file';

const BEFORE = beginning('workspace-1');

const content = fc.record({
  name: fc.option(fc.string(), { nil: null }),
  pin: fc.record({ keyId: fc.string(), box: fc.string() }),
  told: fc.option(fc.record({ name: fc.option(fc.string(), { nil: null }), window: fc.constant(null) })),
});
const salted = fc.record({
  name: fc.option(fc.string(), { nil: null }),
  content,
  customMetadata: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean()), { maxKeys: 3 }),
  fields: fc.array(fc.string(), { maxLength: 2 }),
});

const recorded = (data: unknown, more: object): RecordedEvent => ({
  ...{ id: 'event-1', type: 'ModifiedExternally', stream: 'accessCode-1', revision: 3 },
  ...{ position: { commit: 1n, prepare: 1n }, recordedAt: 0, data },
  metadata: {
    ...{ $correlationId: 'request-1', $causationId: 'request-1', actor: { type: 'system' } },
    ...{ workspaceId: 'workspace-1', schemaVersion: 1, occurredAt: '2026-06-01T12:00:00.000Z' },
    ...more,
  },
});
const factOf = (data: unknown, more: object) => shownFact(recorded(data, more));
const hashOf = (fact: ShownFact) => linked(BEFORE, fact).hash;

/** The same fact without some of its personal values, as it is in the store after they were erased. */
function erasing(data: unknown, salt: string, isErased: (path: string) => boolean) {
  const erased: Record<string, string> = {};
  const left = replacingPersonal(data, (path, value) => {
    if (!isErased(path)) return value;
    erased[path] = commitment(salt, path, value);
    return null;
  });
  return { left, erased };
}

describe('the link of a fact with a salt', () => {
  it('is the same once all personal values are erased together with the salt', () => {
    fc.assert(
      fc.property(salted, fc.string({ minLength: 1 }), (data, salt) => {
        const { left, erased } = erasing(data, salt, () => true);
        const after = factOf(left, { erased });
        expect(hashOf(after)).toBe(hashOf(factOf(data, { salt })));
        expect(JSON.stringify(after)).not.toContain(JSON.stringify(data.customMetadata).slice(1, -1) || '\0');
        expect(after.metadata).not.toHaveProperty('salt');
      }),
    );
  });

  it('stays the same for what is left of the fact after the erasure', () => {
    fc.assert(
      fc.property(salted, fc.string({ minLength: 1 }), (data, salt) => {
        const fact = recorded(data, { salt });
        const without = withoutPersonal(fact);
        expect(hashOf(shownFact(without))).toBe(hashOf(shownFact(fact)));
        expect(carriesPersonal(without.data)).toBe(false);
        expect(withoutPersonal(without)).toBe(without);
      }),
    );
  });

  it('differs when a personal value, its place, or the salt differs', () => {
    const data = { name: 'Ada Lovelace', content: { name: null, told: { name: 'Ada' } } };
    const is = hashOf(factOf(data, { salt: 'salt' }));
    const others = [
      factOf({ ...data, name: 'Ada Byron' }, { salt: 'salt' }),
      factOf({ ...data, name: null }, { salt: 'salt' }),
      factOf({ name: null, content: { name: 'Ada Lovelace', told: { name: 'Ada' } } }, { salt: 'salt' }),
      factOf(data, { salt: 'other' }),
      factOf(data, {}),
    ];
    expect(others.map(hashOf)).not.toContain(is);
  });

  it('does not hold for another value beside the commitment of the one that was erased', () => {
    const data = { name: 'Ada Lovelace' };
    const is = hashOf(factOf(data, { salt: 'salt' }));
    const erased = { '/name': commitment('salt', '/name', 'Ada Lovelace') };
    expect(hashOf(factOf({ name: null }, { erased }))).toBe(is);
    expect(hashOf(factOf({ name: 'Mallory' }, { erased }))).not.toBe(is);
    expect(
      hashOf(factOf({ name: null }, { erased: { '/name': commitment('salt', '/name', 'Mallory') } })),
    ).not.toBe(is);
  });
});

test('an export from before there were salts is still valid', async () => {
  const file = join(__dirname, 'golden/export-without-salts.jsonl');
  expect(await checkExport(file)).toMatchObject({ workspaceId: 'workspace-1', facts: 40, checkpoints: 2 });
});
