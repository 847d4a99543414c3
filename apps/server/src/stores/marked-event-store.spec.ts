import { openRecords, openVault, testDatabase, UNMARKED_UNTIL } from '@latchkey/database';
import { InMemoryEventStore, positionToText } from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import { markedEventStore } from './marked-event-store';

const NOW = Date.parse('2026-06-01T12:00:00Z');

it('believes unmarked events up to the end of a restored store at most', async () => {
  const test = testDatabase('sqlite');
  const database = await test.open();
  const vault = await openVault({ database, masterKey: Buffer.alloc(32, 7) });
  const records = await openRecords(database, vault);
  const store = new InMemoryEventStore();
  const append = (id: string) =>
    store.append(
      'accessCode-1',
      [
        {
          ...{ id, type: 'CodeRequested', data: {} },
          metadata: {
            ...{ $correlationId: 'a', $causationId: 'a', workspaceId: 'w', schemaVersion: 1 },
            ...{ actor: { type: 'system' }, occurredAt: iso(NOW) },
          },
        },
      ],
      'any',
    );
  await append('6a1d1c0e-0000-4000-8000-000000000001');
  const end = (await store.ping())!;
  const beyond = { commit: end.commit + 1_000_000n, prepare: end.prepare + 1_000_000n };
  await records.settings.setSecret(UNMARKED_UNTIL, positionToText(beyond));

  const marked = await markedEventStore(store, records, vault);
  expect(await records.settings.getSecret(UNMARKED_UNTIL)).toBe(positionToText(end));
  await append('6a1d1c0e-0000-4000-8000-000000000002');
  const read: [string, boolean][] = [];
  for await (const { id, forged } of marked.read('accessCode-1'))
    read.push([id.slice(-1), forged !== undefined]);
  expect(read).toEqual([
    ['1', false],
    ['2', true],
  ]);
  await test.drop();
}, 30_000);
