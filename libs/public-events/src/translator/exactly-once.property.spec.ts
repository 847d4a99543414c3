import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, testDatabase, type TestDatabase } from '@latchkey/database';
import { type RunningNode, startNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import fc from 'fast-check';
import { publicStreamOf } from '../public-event';
import { Translator } from './translator';
import { TRANSLATOR_VERSION } from './translator-states';

const NOW = Date.UTC(2026, 5, 1, 12);
const sealed = { keyId: 'k', box: 'b' };
const settings = { preloadLead: 0, justInTimeLead: 0 };

/** One of a code's events, as it lies in the store. */
const happenings = {
  programmed: {
    type: 'ProgrammingStarted',
    data: {
      commandId: 'c',
      operation: 'create',
      lockCodeId: null,
      content: { name: 'Guest', pin: sealed, pinFingerprint: 'f', window: null },
      attempt: 1,
      deadline: iso(NOW),
    },
  },
  set: { type: 'SetOnDevice', data: { commandId: 'c', lockCodeId: 'L' } },
  renamed: { type: 'ChangeRequested', data: { name: 'Other' } },
  named: { type: 'ChangeRequested', data: { name: 'Guest' } },
  delayed: { type: 'SettingDelayed', data: {} },
  withdrawn: { type: 'WithdrawnFromDevice', data: { commandId: null } },
  erased: { type: 'RemovedExternally', data: { accepted: false } },
  expired: { type: 'Removed', data: { cause: 'expired', wasOnDevice: true } },
  forgotten: { type: 'Forgotten', data: {} },
} as const;

describe('the translator, interrupted anywhere', () => {
  let dataDir: string;
  let node: RunningNode;
  let store: EventStoreDb;
  let test: TestDatabase;
  let runs = 0;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'latchkey-once-'));
    node = await startNode({ dataDir, port: 0, access: 'insecure' });
    store = new EventStoreDb(node.connectionString);
    test = testDatabase('sqlite');
  });

  afterAll(async () => {
    await store.close();
    await node.close();
    await test.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A new workspace with the same history, and a view of its own. */
  async function history(names: readonly (keyof typeof happenings)[]) {
    const run = ++runs;
    const workspaceId = derivedId('workspace', String(run));
    const codeId = derivedId('code', String(run));
    const requested = {
      type: 'CodeRequested',
      data: {
        codeId,
        workspaceId,
        deviceId: derivedId('device', '1'),
        accountId: derivedId('account', '1'),
        name: 'Guest',
        pin: sealed,
        pinFingerprint: 'f',
        schedule: null,
        preferNativeScheduling: true,
        externalModificationAllowed: false,
        commonCodeKey: null,
        isOneTimeUse: false,
        usesBackupPool: false,
        isBackup: false,
      },
    };
    const events = [requested, ...names.map((name) => happenings[name])].map(({ type, data }, n) => ({
      id: derivedId(codeId, String(n)),
      type,
      data,
      metadata: {
        $correlationId: 'r',
        $causationId: 'r',
        actor: { type: 'system' } as const,
        workspaceId,
        schemaVersion: 1,
        occurredAt: iso(NOW),
      },
    }));
    await store.append(`accessCode-${codeId}`, events, 'no-stream');
    const recorded: RecordedEvent[] = [];
    for await (const event of store.read(`accessCode-${codeId}`)) recorded.push(event);
    const views: Database<Tables> = await test.open();
    await new Translator(store, settings).drop(views.db, TRANSLATOR_VERSION);
    await new Translator(store, settings).create(views.db);
    const told = async () => {
      const seen: { id: string; type: string }[] = [];
      for await (const { id, type } of store.read(publicStreamOf(workspaceId))) seen.push({ id, type });
      return seen;
    };
    return { recorded, views, told };
  }

  it('tells what it tells undisturbed, each event once and in order', async () => {
    const names = fc.constantFrom(...(Object.keys(happenings) as (keyof typeof happenings)[]));
    // How many events the next batch takes, and whether it dies once they are appended; another process takes over.
    const batch = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom('goes on', 'dies', 'is replaced'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(names, { maxLength: 12 }),
        fc.array(batch, { minLength: 1, maxLength: 30 }),
        async (happened, batches) => {
          const calm = await history(happened);
          await calm.views.transaction((trx) => new Translator(store, settings).apply(trx, calm.recorded));
          const expected = await calm.told();

          const { recorded, views, told } = await history(happened);
          let translator = new Translator(store, settings);
          let next = 0;
          for (const [size, fate] of [...batches, [recorded.length, 'goes on'] as const]) {
            const some = recorded.slice(next, next + size);
            if (some.length === 0) break;
            if (fate === 'is replaced') translator = new Translator(store, settings);
            const applied = views.transaction(async (trx) => {
              await translator.apply(trx, some);
              if (fate === 'dies') throw new Error('died');
            });
            const went = await applied.then(
              () => 'on',
              (error: Error) => error.message,
            );
            if (went === 'on') next += size;
            else if (went !== 'died') throw new Error(went);
          }

          const seen = await told();
          expect(seen.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
          expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});
