import { type Database, testDatabase } from '@latchkey/database';
import type { DomainEvent, EventCodec, RecordedEvent } from '@latchkey/event-sourcing';
import { iso, SandboxClock } from '@latchkey/platform';
import fc from 'fast-check';
import { codeCodec, type CodeEvent } from '../domain/events';
import { keypadCodec, type KeypadEvent } from '../domain/keypad';
import { CODE, OTHER, pin, requested, T0 } from '../domain/testing/builders';
import { AgendaProjection } from './agenda';
import { AGENDA, type AgendaTables, LOCK_CODES, LOCK_LEASES } from './agenda-tables';

const content = { name: 'Guest', ...pin('pin-a'), window: null };
const started: CodeEvent = {
  type: 'ProgrammingStarted',
  data: {
    ...{ commandId: 'c', operation: 'create', lockCodeId: null, content, attempt: 1 },
    deadline: iso(T0 + 60_000),
  },
};
const accepted: CodeEvent = { type: 'ProgrammingAccepted', data: { commandId: 'c', lockCodeId: 'L' } };
const set: CodeEvent = { type: 'SetOnDevice', data: { commandId: 'c', lockCodeId: 'L' } };
const renamed: CodeEvent = { type: 'ChangeRequested', data: { name: 'Other' } };
const delayed: CodeEvent = { type: 'SettingDelayed', data: {} };
const removed: CodeEvent = { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } };
const forgotten: CodeEvent = { type: 'Forgotten', data: {} };

describe('the agenda, folded in batches', () => {
  const test = testDatabase('sqlite');
  let database: Database<AgendaTables>;
  const agenda = new AgendaProjection(
    new SandboxClock({ now: T0 + 500_000, running: false }),
    () => undefined,
  );
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await agenda.create(database.db as never);
  });
  afterAll(() => test.drop());

  /** The tables after these batches; what had been planned of a code up to its nth event stays planned. */
  async function after(batches: readonly (readonly RecordedEvent[])[], planned: number) {
    for (const table of [AGENDA, LOCK_CODES, LOCK_LEASES] as const)
      await database.db.deleteFrom(table).execute();
    for (const batch of batches) {
      await database.transaction((trx) => agenda.apply(trx as never, batch));
      if (batch === batches[0])
        await database.db
          .updateTable(AGENDA)
          .set({ planned_revision: planned, waiting_for_lock: 1, waiting_since: T0 })
          .execute();
    }
    const rows = await database.db.selectFrom(AGENDA).selectAll().orderBy('subject').execute();
    const leases = await database.db.selectFrom(LOCK_LEASES).selectAll().execute();
    const owned = await database.db.selectFrom(LOCK_CODES).selectAll().execute();
    return { rows, leases, owned };
  }

  it('comes to the same as event by event', async () => {
    const happening = fc.constantFrom(
      started,
      accepted,
      set,
      renamed,
      delayed,
      removed,
      forgotten,
      'reserved' as const,
    );
    const steps = fc.array(fc.tuple(fc.constantFrom(CODE, OTHER), happening), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: -1, max: 8 }), async (taken, planned) => {
        const begin = [
          recorded(codeCodec, CODE, requested(null), 0, 0),
          recorded(codeCodec, OTHER, requested(null), 0, 0),
        ];
        const revisions = new Map<string, number>();
        const rest = taken.map(([id, event], n) => {
          if (event === 'reserved') return recorded(keypadCodec, 'device-1', reserved(id), n, n + 1);
          const revision = (revisions.get(id) ?? 0) + 1;
          revisions.set(id, revision);
          return recorded(codeCodec, id, event, revision, n + 1);
        });
        const together = await after([begin, rest], planned);
        expect(together).toEqual(await after([begin, ...rest.map((event) => [event])], planned));
      }),
      { numRuns: 150 },
    );
  });
});

const reserved = (codeId: string): KeypadEvent => ({
  type: 'PinReserved',
  data: { codeId, pinFingerprint: pin('pin-a').pinFingerprint, window: null },
});

function recorded<E extends DomainEvent>(
  codec: EventCodec<E>,
  id: string,
  event: E,
  revision: number,
  second: number,
): RecordedEvent {
  const metadata = {
    ...{ $correlationId: id, $causationId: 'request-1', actor: { type: 'system' } as const },
    ...{ workspaceId: 'workspace-1', occurredAt: iso(T0 + 1000 * second) },
  };
  const category = codec.knows('PinReserved') ? 'keypad' : 'accessCode';
  const encoded = codec.encode(event, `event-${id}-${second}`, metadata);
  return {
    ...encoded,
    ...{ stream: `${category}-${id}`, revision, recordedAt: T0 },
    position: { commit: BigInt(second), prepare: BigInt(second) },
  };
}
