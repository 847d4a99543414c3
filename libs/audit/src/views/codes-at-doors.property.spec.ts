import { codeCodec, type CodeEvent } from '@latchkey/access-codes';
import { type Database, testDatabase, testEngines } from '@latchkey/database';
import type { RecordedEvent } from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import fc from 'fast-check';
import { AuditProjection } from './audit-projection';
import { type AuditTables, CHAINS, CODES_AT_DOORS, ENTRIES } from './audit-tables';

const T0 = Date.UTC(2026, 5, 1, 12);
const ours = { deviceId: 'device-1', workspaceId: 'workspace-1', accountId: 'account-1' };
const sealed = { pin: { keyId: 'key', box: 'sealed' }, pinFingerprint: 'print' };
const content = { name: 'Guest', ...sealed, window: null };

const happenings = (codeId: string): CodeEvent[] => [
  {
    type: 'CodeRequested',
    data: {
      ...{ ...ours, codeId, name: 'Guest', ...sealed, schedule: null, preferNativeScheduling: true },
      ...{ externalModificationAllowed: false, commonCodeKey: null, isOneTimeUse: false },
      ...{ usesBackupPool: false, isBackup: false },
    },
  },
  { type: 'UnmanagedCodeSeen', data: { ...ours, codeId, lockCodeId: 'on-lock', content } },
  {
    type: 'ProgrammingStarted',
    data: {
      ...{ commandId: 'create', operation: 'create', lockCodeId: null, attempt: 1, deadline: iso(T0) },
      content,
    },
  },
  { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } },
  { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true, leftOnLock: true } },
  { type: 'UnmanagedCodeGone', data: {} },
  { type: 'SettingDelayed', data: {} },
];

function recorded(codeId: string, event: CodeEvent, n: number): RecordedEvent {
  const actor = { type: 'system' as const };
  const encoded = codeCodec.encode(event, `event-${n}`, {
    ...{ $correlationId: 'r', $causationId: 'r', actor, workspaceId: 'workspace-1' },
    occurredAt: iso(T0 + 1000 * n),
  });
  const position = { commit: BigInt(n + 1), prepare: BigInt(n + 1) };
  return { ...encoded, stream: `accessCode-${codeId}`, revision: n, recordedAt: T0, position };
}

describe.each(testEngines)('when codes were on their locks, on %s', (engine) => {
  const test = testDatabase(engine);
  const audit = new AuditProjection();
  let database: Database<AuditTables>;
  beforeAll(async () => {
    database = await test.open<AuditTables>();
    await audit.create(database.db as never);
  });
  afterAll(() => test.drop());

  async function after(batches: readonly (readonly RecordedEvent[])[]) {
    for (const table of [ENTRIES, CODES_AT_DOORS, CHAINS] as const)
      await database.db.deleteFrom(table).execute();
    for (const batch of batches) await database.transaction((trx) => audit.apply(trx as never, batch));
    return database.db.selectFrom(CODES_AT_DOORS).selectAll().orderBy('access_code_id').execute();
  }

  it('comes to the same in batches as event by event', async () => {
    const step = fc.constantFrom('code-1', 'code-2').chain((codeId) =>
      fc.record({
        codeId: fc.constant(codeId),
        event: fc.constantFrom(...happenings(codeId)),
        endsBatch: fc.boolean(),
      }),
    );
    // Nothing happens to a code before it begins.
    const [requested] = happenings('code-1');
    const [, seen] = happenings('code-2');
    const begin = fc.tuple(fc.boolean(), fc.boolean()).map(([first, second]) => [
      { codeId: 'code-1', event: requested!, endsBatch: first },
      { codeId: 'code-2', event: seen!, endsBatch: second },
    ]);
    await fc.assert(
      fc.asyncProperty(begin, fc.array(step, { maxLength: 20 }), async (begun, rest) => {
        const batches: RecordedEvent[][] = [[]];
        for (const [n, { codeId, event, endsBatch }] of [...begun, ...rest].entries()) {
          batches.at(-1)!.push(recorded(codeId, event, n));
          if (endsBatch) batches.push([]);
        }
        const together = await after(batches.filter(({ length }) => length > 0));
        expect(together).toEqual(await after(batches.flat().map((event) => [event])));
      }),
      { numRuns: engine === 'sqlite' ? 100 : 30 },
    );
  });

  it('a code that is back on its lock is there, although it had gone in the same batch', async () => {
    const [, seen, , , , gone] = happenings('code-1') as [CodeEvent, ...CodeEvent[]];
    const events = [seen!, gone!, seen!].map((event, n) => recorded('code-1', event, n));
    expect(await after([events])).toMatchObject([{ first_at: T0, gone_at: null }]);
    expect(await after([events.slice(0, 2)])).toMatchObject([{ first_at: T0, gone_at: T0 + 1000 }]);
  });
});
