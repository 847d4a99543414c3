import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { SandboxClock } from '@latchkey/platform';
import type { DomainEvent, EventCodec, RecordedEvent } from '@latchkey/event-sourcing';
import { codeCodec } from '../domain/events';
import { keypadCodec, RESERVATION_GRACE } from '../domain/keypad';
import { CODE, pin, requested, T0 } from '../domain/testing/builders';
import { AgendaProjection } from './agenda';
import { AgendaRows } from './agenda-rows';
import { AGENDA, type AgendaTables } from './agenda-tables';

function recorded<E extends DomainEvent>(codec: EventCodec<E>, stream: string, event: E): RecordedEvent {
  const metadata = {
    $correlationId: CODE,
    $causationId: 'request-1',
    actor: { type: 'system' } as const,
    workspaceId: 'workspace-1',
    occurredAt: new Date(T0).toISOString(),
  };
  const encoded = codec.encode(event, 'event-1', metadata);
  return { ...encoded, stream, revision: 0, position: { commit: 1n, prepare: 1n }, recordedAt: T0 };
}

const reserved = recorded(keypadCodec, 'keypad-device-1', {
  type: 'PinReserved',
  data: { codeId: CODE, pinFingerprint: pin('pin-a').pinFingerprint, window: null },
});
const came = recorded(codeCodec, `accessCode-${CODE}`, requested(null));
const lateForTheReservation = T0 + RESERVATION_GRACE;

describe.each(testEngines)('the agenda on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  let rows: AgendaRows;
  const clock = new SandboxClock({ now: T0, running: false });
  const agenda = new AgendaProjection(clock, () => undefined);
  const happens = (event: RecordedEvent) =>
    database.transaction((trx) => agenda.apply(trx as never, [event]));
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await agenda.create(database.db as never);
    rows = new AgendaRows(database, { owner: 'worker', clock, wall: () => T0 });
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());

  it('drops the row of a reservation whose code never came', async () => {
    await happens(reserved);
    const [claim] = await rows.claim(lateForTheReservation, 1);
    await rows.settle(claim!, { do: 'drop', revision: -1 });
    expect(await rows.nextDue()).toBeNull();
  });

  it('keeps a code that came while its reservation was being given up', async () => {
    await happens(reserved);
    const [claim] = await rows.claim(lateForTheReservation, 1);
    await happens(came);
    await rows.settle(claim!, { do: 'drop', revision: -1 });
    expect(await rows.claim(T0, 1)).toMatchObject([{ kind: 'code', id: CODE }]);
  });
});
