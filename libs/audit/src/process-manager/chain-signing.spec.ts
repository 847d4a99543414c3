import { accountCodec } from '@latchkey/devices';
import { type Database, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import { type EventMetadata, InMemoryEventStore, ProjectionRunner } from '@latchkey/event-sourcing';
import { createLogger, RandomIds } from '@latchkey/platform';
import { AUDIT_CHECKPOINT, checkpointCodec, SIGN_EVERY_FACTS, SIGN_EVERY_MS } from '../chain/checkpoints';
import { verifyHistory } from '../chain/history';
import { ChainSigner, type SignedLink } from '../chain/signing';
import type { AuditTables } from '../views/audit-tables';
import { AuditProjection } from '../views/audit-projection';
import { ChainSigning } from './chain-signing';

const T0 = Date.UTC(2026, 5, 1, 12);
const WORKSPACE = 'workspace-1';

describe.each(testEngines)('the chain of facts on %s', (engine) => {
  let files: TestDatabase;
  let database: Database<AuditTables>;
  let store: InMemoryEventStore;
  let runner: ProjectionRunner;
  let signer: ChainSigner;
  let signings: ChainSigning[];
  let now: number;
  let facts: number;
  const clock = { now: () => now };

  beforeEach(async () => {
    files = testDatabase(engine);
    database = await files.open<AuditTables>();
    [store, now, facts, signings] = [new InMemoryEventStore(() => now), T0, 0, []];
    signer = await ChainSigner.open({ setSecretIfAbsent: (_, value) => Promise.resolve(value) });
    const projection = new AuditProjection((events) => signings.forEach((each) => each.linked(events)));
    runner = new ProjectionRunner({ store, database, projection, clock });
    await runner.prepare();
    await runner.start();
    await runner.caughtUp;
    signings = [await signing(), await signing()];
  });
  afterEach(async () => {
    for (const each of signings) await each.stop();
    await runner.stop();
    await files.drop();
  });

  async function signing(): Promise<ChainSigning> {
    const made = new ChainSigning({
      ...{ store, database, signer, clock: clock as never, ids: new RandomIds() },
      logger: createLogger('fatal'),
    });
    await made.work();
    return made;
  }
  async function happen(count: number): Promise<void> {
    const metadata: Omit<EventMetadata, 'schemaVersion'> = {
      ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' }, workspaceId: WORKSPACE },
      occurredAt: new Date(now).toISOString(),
    };
    const events = Array.from({ length: count }, () =>
      accountCodec.encode({ type: 'SyncRequested', data: {} }, `event-${++facts}`, metadata),
    );
    const { position } = await store.append('account-1', events, 'any');
    await runner.reached(position, 10_000);
  }
  const signed = async (): Promise<SignedLink[]> => {
    const links: SignedLink[] = [];
    for await (const event of store.read(`${AUDIT_CHECKPOINT}-${WORKSPACE}`))
      links.push(checkpointCodec.decode(event).data);
    return links;
  };
  const look = () => Promise.all(signings.map((each) => each.look()));

  it('is signed once, by any number of processes, when there are many facts, or old ones', async () => {
    await look();
    expect(await signed()).toEqual([]);
    await happen(1);
    await look();
    expect(await signed()).toHaveLength(1);
    // What has come since is few, and new.
    await happen(5);
    now += SIGN_EVERY_MS - 1;
    await look();
    expect(await signed()).toHaveLength(1);
    now += 1;
    await look();
    expect((await signed()).map(({ length }) => length)).toEqual([1, 6]);
    now += SIGN_EVERY_MS;
    // Nothing has come since.
    await look();
    expect(await signed()).toHaveLength(2);
    await happen(SIGN_EVERY_FACTS);
    await look();
    expect((await signed()).map(({ length }) => length)).toEqual([1, 6, 6 + SIGN_EVERY_FACTS]);
    const findings: object[] = [];
    const verified = await verifyHistory(store, signer.publicKey, (finding) => void findings.push(finding));
    expect(findings).toEqual([]);
    expect(verified).toMatchObject({ checkpoints: 3, foreign: 0 });
    expect(verified.chains.get(WORKSPACE)!.length).toBe(6 + SIGN_EVERY_FACTS);
  });

  it('skips foreign events', async () => {
    store.appendForeign('account-1', { id: 'foreign', type: 'Nonsense', data: {} });
    await happen(1);
    await look();
    expect((await signed()).map(({ length }) => length)).toEqual([1]);
    expect(runner.trouble).toBeUndefined();
  });

  it('that was not signed before a stop is signed after it', async () => {
    await happen(3);
    signings = [await signing()];
    await look();
    expect((await signed()).map(({ length }) => length)).toEqual([3]);
  });
});
