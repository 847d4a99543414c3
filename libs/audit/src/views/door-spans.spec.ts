import { codeCodec, type CodeEvent, Streams } from '@latchkey/access-codes';
import { testDatabase, testEngines } from '@latchkey/database';
import { deviceCodec, type DeviceEvent, DeviceStreams, doorCodec, type DoorEvent } from '@latchkey/devices';
import {
  type DomainEvent,
  type EventCodec,
  InMemoryEventStore,
  ProjectionRunner,
} from '@latchkey/event-sourcing';
import { createLogger, iso, MINUTE, SeededIds, type Vault } from '@latchkey/platform';
import fc from 'fast-check';
import { AuditProjection } from './audit-projection';
import type { AuditTables } from './audit-tables';
import { CodeFacts } from './code-facts';
import { DoorSpans, keyOf } from './door-spans';
import { Doors } from './doors';
import { GetDoorBetweenHandler } from './get-door';
import { GetHistoryHandler } from './get-history';
import { type AtDoor, GetDoorBetween } from './queries';

const T0 = Date.UTC(2026, 5, 1, 12);
const [WORKSPACE, DEVICE, ACCOUNT] = ['workspace-1', 'device-1', 'account-1'];
const ours = { deviceId: DEVICE, workspaceId: WORKSPACE, accountId: ACCOUNT };
const sealed = { pin: { keyId: 'key', box: 'sealed' }, pinFingerprint: 'print' };

/** A guest, in minutes after T0. */
interface Guest {
  readonly from: number;
  readonly stay: number;
  /** Whether the lock has forgotten the code at the end. */
  readonly leaves: boolean;
}

const guests = fc.array(
  fc.record({ from: fc.nat(300), stay: fc.integer({ min: 1, max: 90 }), leaves: fc.boolean() }),
  { minLength: 3, maxLength: 12 },
);
const instants = (minLength: number, maxLength: number) => fc.array(fc.nat(400), { minLength, maxLength });

/** Records what happened at an instant, in a stream. */
type Put = <E extends DomainEvent>(
  stream: string,
  codec: EventCodec<E>,
  at: number,
  event: E,
) => Promise<void>;

async function lifeOf(put: Put, nth: number, { from, stay, leaves }: Guest): Promise<void> {
  const codeId = `code-${nth}`;
  const window = { startsAt: iso(T0 + from * MINUTE), endsAt: iso(T0 + (from + stay) * MINUTE) };
  const [name, commandId, lockCodeId] = [`Guest ${nth}`, `create-${nth}`, `on-lock-${nth}`];
  const happened = (minute: number, event: CodeEvent) =>
    put(`accessCode-${codeId}`, codeCodec, T0 + minute * MINUTE, event);
  await happened(from - 5, {
    type: 'CodeRequested',
    data: {
      ...{ ...ours, codeId, name, ...sealed, schedule: window, preferNativeScheduling: true },
      ...{ externalModificationAllowed: false, commonCodeKey: null, isOneTimeUse: false },
      ...{ usesBackupPool: false, isBackup: false },
    },
  });
  await happened(from - 4, {
    type: 'ProgrammingStarted',
    data: {
      ...{ commandId, operation: 'create', lockCodeId: null, attempt: 1, deadline: iso(T0) },
      content: { name, ...sealed, window },
    },
  });
  await happened(from - 3, { type: 'ScheduledOnDevice', data: { commandId, lockCodeId } });
  if (leaves) {
    await happened(from + stay, { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } });
  }
}

describe.each(testEngines)('what happened at a door, on %s', (engine) => {
  /** What the audit tells of a lock at which this happened. */
  async function told(
    happened: { guests: Guest[]; uses: number[]; drifts: number[] },
    ask: (spans: DoorSpans) => Promise<void>,
  ): Promise<void> {
    const files = testDatabase(engine);
    const database = await files.open<AuditTables>();
    const store = new InMemoryEventStore();
    const [clock, ids] = [{ now: () => T0, at: () => () => undefined }, new SeededIds(1)];
    const put: Put = async (stream, codec, at, event) => {
      const actor = { type: 'system' as const };
      const metadata = { $correlationId: 'r', $causationId: 'r', actor, workspaceId: WORKSPACE };
      const encoded = codec.encode(event, ids.uuid(), { ...metadata, occurredAt: iso(at) });
      await store.append(stream, [encoded], 'any');
    };
    const ofDevice = (at: number, event: DeviceEvent) => put(`device-${DEVICE}`, deviceCodec, at, event);
    const capabilities = {
      ...{ nativeScheduling: true, supportedCodeLengths: [4], codeConstraints: [], maxActiveCodes: null },
      ...{ canRemotelyLock: true, canRemotelyUnlock: true },
    };
    const description = { name: 'Front door', model: null, timeZone: null, capabilities };
    await ofDevice(T0 - MINUTE * 60, {
      type: 'DeviceAdded',
      data: { ...ours, maker: 'maker', lockId: 'lock-1', description },
    });
    for (const [n, minute] of happened.drifts.sort((a, b) => a - b).entries()) {
      const type = n % 2 === 0 ? 'ClockDrifted' : 'ClockCorrected';
      await ofDevice(T0 + minute * MINUTE, { type, data: { driftMs: n % 2 === 0 ? 900_000 : 0 } });
    }
    for (const [n, guest] of happened.guests.entries()) await lifeOf(put, n, guest);
    for (const [n, minute] of happened.uses.sort((a, b) => a - b).entries()) {
      const rest = { method: 'keycode' as const, codeId: null, actionAttemptId: null, viaBluetooth: false };
      const event: DoorEvent = { type: 'DoorUnlocked', data: { ...ours, reportKey: `${n}`, ...rest } };
      await put(`door-${DEVICE}`, doorCodec, T0 + minute * MINUTE, event);
    }
    const runner = new ProjectionRunner({ store, database, projection: new AuditProjection(), clock });
    await runner.prepare();
    await runner.start();
    await runner.caughtUp;
    await runner.stop();
    const caughtUp = { caughtUp: () => Promise.resolve() };
    const devices = new DeviceStreams(store, clock, ids);
    const streams = new Streams(store, clock, ids, devices, {} as Vault, createLogger('silent'));
    const doors = new Doors(database, caughtUp, streams, new CodeFacts(streams));
    await ask(
      new DoorSpans(database, doors, new GetHistoryHandler(database, caughtUp), {
        now: () => T0 + 350 * MINUTE,
      }),
    );
    await store.close();
    await files.drop();
  }

  test('is the same in slices, in pages and at once', async () => {
    let items = 0;
    await fc.assert(
      fc.asyncProperty(
        guests,
        instants(20, 60),
        instants(0, 4),
        fc.integer({ min: 1, max: 40 }),
        async (guests, uses, drifts, limit) =>
          told({ guests, uses, drifts }, async (spans) => {
            const span = { workspaceId: WORKSPACE, deviceId: DEVICE, from: T0, to: T0 + 400 * MINUTE };
            const all = async (wanted: number) => {
              const found: AtDoor[] = [];
              for await (const some of await spans.of(span, undefined, wanted)) found.push(...some);
              return found;
            };
            const atOnce = await all(2_000);
            expect(await all(1)).toEqual(atOnce);
            // Nothing is told of what is still to come.
            expect(atOnce.every((each) => keyOf(each).at <= T0 + 350 * MINUTE)).toBe(true);
            expect(atOnce.filter(({ is }) => is === 'use')).toHaveLength(
              uses.filter((at) => at > 0 && at <= 350).length,
            );

            const handler = new GetDoorBetweenHandler(spans);
            const paged: AtDoor[] = [];
            for (let cursor: string | null | undefined; cursor !== null;) {
              const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
              const query = new GetDoorBetween(WORKSPACE, DEVICE, span.from, span.to, page);
              const { items, pagination } = await handler.execute(query);
              paged.push(...items);
              cursor = pagination.next_page_cursor;
            }
            expect(paged).toEqual(atOnce);
            items += atOnce.length;
          }),
      ),
      { numRuns: 10 },
    );
    expect(items).toBeGreaterThan(100);
  });
});
