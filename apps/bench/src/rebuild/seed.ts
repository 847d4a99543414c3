import { ACCESS_CODE, codeCodec, type CodeEvent, KEYPAD, keypadCodec } from '@latchkey/access-codes';
import { openStores, type Stores } from '@latchkey/database';
import { spawnNode } from '@latchkey/embedded-eventstore';
import { type DomainEvent, type EventCodec, EventStoreDb, MarkedEventStore } from '@latchkey/event-sourcing';
import { DAY, iso, MINUTE, type PinOfCode, RandomIds, type Vault } from '@latchkey/platform';
import { join } from 'node:path';
import { inParallel } from '../report';

/** How many PINs are sealed, and streams written, at once. */
const AT_ONCE = 200;

/** A lock that codes are seeded on, as the server knows it. */
export interface SeededLock {
  readonly deviceId: string;
  readonly accountId: string;
  readonly workspaceId: string;
  /** Whether it keeps time by itself. */
  readonly native: boolean;
}

/**
 * Writes codes into a data folder without a server: each with its PIN sealed by the folder's vault, reserved on its
 * keypad, and the events of its life so far, marked as the server marks them. Their windows are weeks ahead: nothing is on
 * the locks, and nothing is to be done.
 * @param how.onlyCreated nothing has happened to them since; left out: three more events each
 */
export async function seedCodes(
  folder: string,
  locks: readonly SeededLock[],
  {
    codes,
    now,
    progress,
    onlyCreated = false,
  }: { codes: number; now: number; progress: (written: number) => void; onlyCreated?: boolean },
): Promise<void> {
  const stores: Stores<unknown> = await openStores({
    dataDir: folder,
    databaseUrl: undefined,
    vaultKey: undefined,
  });
  const node = await spawnNode({ dataDir: join(folder, 'eventstore'), port: 0, access: 'private' });
  const bare = new EventStoreDb(node.connectionString);
  const store = new MarkedEventStore(bare, stores.vault, undefined);
  try {
    const ids = new RandomIds();
    const perLock = Math.ceil(codes / locks.length);
    let written = 0;
    const write = async <E extends DomainEvent>(
      codec: EventCodec<E>,
      stream: string,
      events: readonly E[],
      workspaceId: string,
    ) => {
      const metadata = {
        ...{ $correlationId: stream, $causationId: 'seed', actor: { type: 'system' as const } },
        ...{ workspaceId, occurredAt: iso(now) },
      };
      const encoded = events.map((event) => codec.encode(event, ids.uuid(), metadata));
      await store.append(stream, encoded, 'no-stream');
    };
    for (const [nth, lock] of locks.entries()) {
      const here = Math.min(perLock, codes - nth * perLock);
      if (here <= 0) break;
      const seeded = await sealed(stores.vault, here, windowOf(now, onlyCreated ? 20 : 1));
      const reserved = seeded.map(({ codeId, sealed, startsAt, endsAt }) => ({
        type: 'PinReserved' as const,
        data: { codeId, ...sealed, window: { startsAt, endsAt } },
      }));
      await write(keypadCodec, `${KEYPAD}-${lock.deviceId}`, reserved, lock.workspaceId);
      await inParallel(here, AT_ONCE, (index) => {
        const code = seeded[index]!;
        const life = lifeOf(code, lock, now);
        const events = onlyCreated ? life.slice(0, 1) : life;
        return write(codeCodec, `${ACCESS_CODE}-${code.codeId}`, events, lock.workspaceId);
      });
      written += here;
      progress(written);
    }
  } finally {
    await bare.close();
    await node.close();
    await stores.close();
  }
}

/** @param days ahead, when it begins; all end at once */
const windowOf = (now: number, days: number) => ({
  startsAt: iso(now + days * DAY),
  endsAt: iso(now + 30 * DAY),
});

async function sealed(
  vault: Vault,
  count: number,
  window: ReturnType<typeof windowOf>,
): Promise<SeededCode[]> {
  const ids = new RandomIds();
  const codes: SeededCode[] = [];
  await inParallel(count, AT_ONCE, async (index) => {
    const codeId = ids.uuid();
    const pin = await vault.sealPin(codeId, String(100_000 + index));
    codes.push({ codeId, sealed: pin, name: `Guest ${index}`, ...window });
  });
  return codes;
}

interface SeededCode {
  readonly codeId: string;
  readonly sealed: PinOfCode;
  readonly name: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

function lifeOf({ codeId, sealed, name, ...window }: SeededCode, lock: SeededLock, now: number): CodeEvent[] {
  const commandId = `seed-${codeId}`;
  const later = windowOf(now, 20);
  const { deviceId, accountId, workspaceId, native } = lock;
  return [
    {
      type: 'CodeRequested',
      data: {
        ...{ codeId, workspaceId, deviceId, accountId, name, ...sealed, schedule: window },
        ...{ preferNativeScheduling: true, externalModificationAllowed: false, commonCodeKey: null },
        ...{ isOneTimeUse: false, usesBackupPool: false, isBackup: false },
      },
    },
    {
      type: 'ProgrammingStarted',
      data: {
        ...{ commandId, operation: 'create', lockCodeId: null, attempt: 1, deadline: iso(now + MINUTE) },
        content: { name, ...sealed, window: native ? window : null },
      },
    },
    {
      type: 'ProgrammingFailed',
      data: {
        commandId,
        errorCode: 'BUSY',
        message: 'The lock is busy.',
        kind: 'passing',
        retryAt: iso(now + MINUTE),
      },
    },
    { type: 'ChangeRequested', data: { schedule: later } },
  ];
}
