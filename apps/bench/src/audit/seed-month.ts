import { ACCESS_CODE, codeCodec, type CodeEvent } from '@latchkey/access-codes';
import { openStores, type Stores } from '@latchkey/database';
import { DOOR, doorCodec, type DoorEvent } from '@latchkey/devices';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { type DomainEvent, type EventCodec, EventStoreDb, MarkedEventStore } from '@latchkey/event-sourcing';
import { DAY, HOUR, iso, MINUTE, RandomIds } from '@latchkey/platform';
import { join } from 'node:path';
import { inParallel } from '../report';
import type { SeededLock } from '../rebuild/seed';

/** How many streams are written at once. */
const AT_ONCE = 100;
/** How many uses of a door are appended together. */
const USES_TOGETHER = 500;
const MONTH = 30 * DAY;
/** How many guests have a code at the same time. */
const GUESTS_AT_ONCE = 60;
/** One in so many facts is of a code's life; the others are uses of the door. */
const FACTS_OF_CODES = 5;

interface Dated<E> {
  readonly at: number;
  readonly event: E;
}

/**
 * Writes a month of a busy lock into a data folder without a server, as the server would have: guests whose codes came
 * and went, and every time that the door was used.
 * @param facts how many; about a fifth are of codes
 */
export async function seedMonth(
  folder: string,
  lock: SeededLock,
  { facts, now }: { facts: number; now: number },
): Promise<void> {
  const stores: Stores<unknown> = await openStores({
    dataDir: folder,
    databaseUrl: undefined,
    vaultKey: undefined,
  });
  const node = await spawnNode({ dataDir: join(folder, 'eventstore'), port: 0, access: 'private' });
  const bare = new EventStoreDb(node.connectionString);
  const store = new MarkedEventStore(bare, stores.vault, undefined);
  const ids = new RandomIds();
  const write = async <E extends DomainEvent>(
    codec: EventCodec<E>,
    stream: string,
    dated: readonly Dated<E>[],
    revision: number | 'no-stream' = 'no-stream',
  ) => {
    const encoded = dated.map(({ at, event }) =>
      codec.encode(event, ids.uuid(), {
        ...{ $correlationId: stream, $causationId: 'seed', actor: { type: 'system' as const } },
        ...{ workspaceId: lock.workspaceId, occurredAt: iso(at) },
      }),
    );
    return (await store.append(stream, encoded, revision)).revision;
  };
  try {
    const codes = Math.ceil(facts / FACTS_OF_CODES / FACTS_OF_A_LIFE);
    const stay = (MONTH * GUESTS_AT_ONCE) / codes;
    const codeIds = Array.from({ length: codes }, () => ids.uuid());
    await inParallel(codes, AT_ONCE, async (index) => {
      const codeId = codeIds[index]!;
      const pin = await stores.vault.sealPin(codeId, String(100_000 + index));
      const begins = now - MONTH + ((MONTH - stay) * index) / codes;
      await write(codeCodec, `${ACCESS_CODE}-${codeId}`, lifeOf({ codeId, pin, lock, begins, stay }));
    });
    const uses = facts - codes * FACTS_OF_A_LIFE;
    let revision: number | undefined;
    for (let first = 0; first < uses; first += USES_TOGETHER) {
      const some = Array.from({ length: Math.min(USES_TOGETHER, uses - first) }, (_, n) => {
        const nth = first + n;
        const at = Math.floor(now - MONTH + (MONTH * nth) / uses);
        return useOf(lock, at, nth, codeIds[Math.floor((nth * codes) / uses)]!);
      });
      revision = await write(doorCodec, `${DOOR}-${lock.deviceId}`, some, revision);
    }
  } finally {
    await bare.close();
    await node.close();
    await stores.close();
  }
}

function useOf(
  { deviceId, accountId, workspaceId }: SeededLock,
  at: number,
  nth: number,
  codeId: string,
): Dated<DoorEvent> {
  const lock = { deviceId, accountId, workspaceId, reportKey: `use-${nth}` };
  const rest = { actionAttemptId: null, viaBluetooth: false };
  const unlocked = nth % 2 === 0;
  const event: DoorEvent = unlocked
    ? { type: 'DoorUnlocked', data: { ...lock, ...rest, method: 'keycode', codeId } }
    : { type: 'DoorLocked', data: { ...lock, ...rest, method: 'automatic', codeId: null } };
  return { at, event };
}

const FACTS_OF_A_LIFE = 8;

/** From a day before the guest came until the lock had forgotten the code. */
function lifeOf({ codeId, pin, lock, begins, stay }: Guest): Dated<CodeEvent>[] {
  const { deviceId, accountId, workspaceId } = lock;
  const ends = begins + stay;
  const window = { startsAt: iso(Math.floor(begins)), endsAt: iso(Math.floor(ends)) };
  const name = `Guest ${codeId.slice(0, 8)}`;
  const [create, remove] = [`create-${codeId}`, `remove-${codeId}`];
  const lockCodeId = `on-lock-${codeId}`;
  const programmed = begins - HOUR;
  const request: CodeEvent = {
    type: 'CodeRequested',
    data: {
      ...{ codeId, workspaceId, deviceId, accountId, name, ...pin, schedule: window },
      ...{ preferNativeScheduling: true, externalModificationAllowed: false, commonCodeKey: null },
      ...{ isOneTimeUse: false, usesBackupPool: false, isBackup: false },
    },
  };
  const deadline = iso(Math.floor(programmed + MINUTE));
  const started: CodeEvent = {
    type: 'ProgrammingStarted',
    data: {
      ...{ commandId: create, operation: 'create', lockCodeId: null, attempt: 1, deadline },
      content: { name, ...pin, window },
    },
  };
  const sent = { purpose: 'removal' as const, attempt: 1, deadline: iso(Math.floor(ends + MINUTE)) };
  const events: [number, CodeEvent][] = [
    [begins - DAY, request],
    [programmed, started],
    [programmed + 1_000, { type: 'ProgrammingAccepted', data: { commandId: create, lockCodeId } }],
    [programmed + 3_000, { type: 'ScheduledOnDevice', data: { commandId: create, lockCodeId } }],
    [begins, { type: 'SetOnDevice', data: { commandId: null, lockCodeId } }],
    [ends, { type: 'RemovalStarted', data: { cause: 'expired' } }],
    [ends + 1_000, { type: 'RemovalSent', data: { commandId: remove, lockCodeId, ...sent } }],
    [ends + 4_000, { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } }],
  ];
  return events.map(([at, event]) => ({ at: Math.floor(at), event }));
}

interface Guest {
  readonly codeId: string;
  readonly pin: Awaited<ReturnType<Stores<unknown>['vault']['sealPin']>>;
  readonly lock: SeededLock;
  readonly begins: number;
  /** ms */
  readonly stay: number;
}
