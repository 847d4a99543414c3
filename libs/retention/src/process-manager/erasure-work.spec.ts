import { ACCESS_CODE, codeCodec, type CodeEvent, codeFold } from '@latchkey/access-codes';
import { ChainSigner, erasedWithoutSalt, verifyHistory } from '@latchkey/audit';
import { type Database, testDatabase, type TestDatabase } from '@latchkey/database';
import {
  Archive,
  ArchivedEventStore,
  ArchiveFolder,
  Archiving,
  carriesPersonal,
  DeciderStreams,
  FaultyEventStore,
  InMemoryEventStore,
  MarkedEventStore,
  type NewEvent,
  ProjectionRunner,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import { iso, SeededIds } from '@latchkey/platform';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErasuresProjection, erasuresLeft } from '../views/erasures-projection';
import { ErasureWork, type ErasureWorkOptions } from './erasure-work';

const T0 = Date.UTC(2026, 5, 1);
const clock = { now: () => T0 };
const whose = { workspaceId: 'workspace-1', deviceId: 'device-1', accountId: 'account-1' };
const marker = {
  mark: (text: string) => createHmac('sha256', 'key').update(text).digest('base64url'),
  isMarked: (text: string, mark: string) =>
    createHmac('sha256', 'key').update(text).digest('base64url') === mark,
};

const requested = (codeId: string): CodeEvent => ({
  type: 'CodeRequested',
  data: {
    ...{ ...whose, codeId, name: `Guest of ${codeId}`, pin: { keyId: codeId, box: 'sealed' } },
    ...{ pinFingerprint: 'print', schedule: null, preferNativeScheduling: false },
    ...{ externalModificationAllowed: false, commonCodeKey: 'Stay', isOneTimeUse: false },
    ...{ usesBackupPool: false, isBackup: false },
  },
});
const renamed: CodeEvent = { type: 'ChangeRequested', data: { name: 'Other' } };
const removed: CodeEvent[] = [
  { type: 'RemovalStarted', data: { cause: 'deleted' } },
  { type: 'Removed', data: { cause: 'deleted', wasOnDevice: true } },
];
const erased: CodeEvent = { type: 'PersonalDataErased', data: whose };

/** A process that erases, over what the one before it has left. It may die at one of its steps. */
interface Process {
  readonly work: ErasureWork;
  readonly archiving: Archiving;
}

class Installation {
  readonly path = mkdtempSync(join(tmpdir(), 'latchkey-erasure-'));
  readonly test: TestDatabase = testDatabase('sqlite');
  readonly ids = new SeededIds(1);
  readonly bare = new InMemoryEventStore(clock.now);
  readonly marked = new MarkedEventStore(this.bare, marker, undefined);
  readonly keys = new Set(['one', 'two', 'old', 'other']);
  readonly done: string[] = [];
  /** Another process changes the archive. */
  isLocked = false;
  /** The views are. */
  isBehind = false;
  database!: Database<Tables>;
  view!: ProjectionRunner;
  signer!: ChainSigner;

  async begin(): Promise<void> {
    this.database = await this.test.open();
    const projection = new ErasuresProjection();
    this.view = new ProjectionRunner({ store: this.marked, database: this.database, projection, clock });
    await this.view.prepare();
    await this.view.start();
    this.signer = await ChainSigner.open({ setSecretIfAbsent: (_, value) => Promise.resolve(value) });
    await this.happened('one', requested('one'), renamed, ...removed);
    await this.happened('other', requested('other'), ...removed);
    await this.happened('two', requested('two'), ...removed);
    // Before there were salts.
    await this.happened('old', requested('old'), renamed, ...removed);
    for (const id of ['one', 'two', 'old']) await this.happened(id, erased);
  }

  async end(): Promise<void> {
    await this.view.stop();
    await this.bare.close();
    await this.test.drop();
    rmSync(this.path, { recursive: true });
  }

  private async happened(id: string, ...events: readonly CodeEvent[]): Promise<void> {
    const stream = `${ACCESS_CODE}-${id}`;
    const metadata = {
      ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' as const } },
      ...{ workspaceId: whose.workspaceId, occurredAt: iso(T0) },
    };
    const batch = events.map((event) => codeCodec.encode(event, this.ids.uuid(), metadata));
    let last = -1;
    for await (const { revision } of this.bare.read(stream)) last = revision;
    if (id === 'old' && last === -1)
      await this.bare.append(
        stream,
        batch.map((each, n) => this.unsalted(stream, each, n)),
        -1,
      );
    else await this.marked.append(stream, batch, last);
    await this.view.reached(this.bare.lastAppended, 5_000);
  }

  private unsalted(stream: string, event: NewEvent, revision: number): NewEvent {
    const { id, type, data, metadata } = event;
    const mark = marker.mark(JSON.stringify([stream, revision, id, type, data, metadata]));
    return { ...event, metadata: { ...metadata, mark } };
  }

  /** All facts, as readers see them. */
  async facts(): Promise<ArchivedEventStore | MarkedEventStore> {
    const archive = await Archive.open(new ArchiveFolder(this.path), this.marked);
    return this.marked.over(new ArchivedEventStore(this.bare, archive, () => true));
  }

  async factsOf(id: string): Promise<RecordedEvent[]> {
    const facts: RecordedEvent[] = [];
    for await (const fact of (await this.facts()).read(`${ACCESS_CODE}-${id}`)) facts.push(fact);
    return facts;
  }

  /** @param dies before or after which of its steps, or of its appends */
  async process(dies?: {
    readonly at: number;
    readonly when: 'before' | 'after' | 'append';
  }): Promise<Process> {
    const { ids, signer, keys, done } = this;
    const faulty = new FaultyEventStore(this.bare);
    if (dies?.when === 'append') faulty.dieAfter(dies.at);
    const hot = new MarkedEventStore(faulty, marker, undefined);
    const archive = await Archive.open(new ArchiveFolder(this.path), this.marked);
    const store = hot.over(new ArchivedEventStore(faulty, archive, () => true));
    const steps: string[] = [];
    const step =
      <P extends unknown[], R>(name: string, work: (...given: P) => Promise<R>) =>
      async (...given: P): Promise<R> => {
        const isLast = steps.push(name) === dies?.at;
        if (isLast && dies?.when === 'before') throw new Error('died');
        const result = await work(...given);
        done.push(name);
        if (isLast && dies?.when === 'after') throw new Error('died');
        return result;
      };
    const reclaim = step('reclaim', () => Promise.resolve(this.bare.scavenge()));
    const archiving = new Archiving({ archive, store: hot, clock, ids, reclaim });
    const codes = new DeciderStreams({
      store,
      clock,
      ids,
      category: ACCESS_CODE,
      codec: codeCodec,
      fold: codeFold,
    });
    const options: ErasureWorkOptions = {
      ...{
        store,
        marked: hot,
        archiving,
        lock: () => (this.isLocked ? undefined : { release: () => undefined }),
      },
      database: this.database,
      streams: { codes },
      vault: { erase: step('key', (keyId: string) => Promise.resolve(void keys.delete(keyId))) },
      publicNames: {
        toldAt: step('told-at', ({ position }: RecordedEvent) => Promise.resolve(position)),
        erase: step('public', () => Promise.resolve(0)),
      },
      folded: step(
        'folded',
        async (position, within) => !this.isBehind && this.view.reached(position, within),
      ),
      told: step('told', () => Promise.resolve(true)),
      withoutSalt: step('without-salt', (of) => erasedWithoutSalt({ store, signer }, of)),
      forgetAnswers: step('answers', () => Promise.resolve()),
      compact: step('compact', () => Promise.resolve()),
      logger: { info: () => undefined, warn: () => undefined },
    };
    return { work: new ErasureWork(options), archiving };
  }

  /** What has to be true once it is done, whatever happened on the way. */
  async check(hash: string): Promise<void> {
    for (const id of ['one', 'two', 'old']) {
      const facts = await this.factsOf(id);
      expect(facts.filter(({ data, forged }) => carriesPersonal(data) || forged !== undefined)).toEqual([]);
      const types = facts.map(({ type }) => type);
      expect(types.filter((type) => type === 'ErasureCompleted')).toHaveLength(1);
      const left: string[] = [];
      for await (const { type } of this.bare.read(`${ACCESS_CODE}-${id}`)) left.push(type);
      expect(left).toEqual(['ErasureCompleted']);
    }
    expect((await this.factsOf('other')).filter(({ data }) => carriesPersonal(data))).toHaveLength(1);
    expect([...this.keys]).toEqual(['other']);
    await this.view.reached(this.bare.lastAppended, 5_000);
    expect(await erasuresLeft(this.database.db as never, 10)).toEqual([]);
    for (const name of ['public', 'answers', 'compact', 'reclaim']) expect(this.done).toContain(name);
    expect(await (await this.process()).archiving.hidden()).toBeNull();
    expect(await this.hash()).toBe(hash);
  }

  /** Of the chain over all facts that were there before anything was completed. */
  async hash(): Promise<string> {
    let hash = '';
    await verifyHistory(await this.facts(), this.signer.publicKey, fail, ({ fact, link }) => {
      if (fact.type !== 'ErasureCompleted') ({ hash } = link);
    });
    return hash;
  }
}

const fail = (finding: object) => {
  throw new Error(JSON.stringify(finding));
};

async function untilDone(installation: Installation): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const { work } = await installation.process();
    if ((await work.eraseSome()) === 0) return;
  }
  throw new Error('it is never done');
}

describe('erasing the names of codes', () => {
  let installation: Installation;
  let hash: string;
  beforeEach(async () => {
    installation = new Installation();
    await installation.begin();
    hash = await installation.hash();
  });
  afterEach(() => installation.end());

  it('leaves none in their facts, and the chain as it was', async () => {
    const { work } = await installation.process();
    expect(await work.eraseSome()).toBe(3);
    expect(await work.eraseSome()).toBe(0);
    await installation.check(hash);
  });

  it('waits while another process changes the archive, and while views are behind', async () => {
    const { work } = await installation.process();
    installation.isLocked = true;
    await expect(work.eraseSome()).rejects.toThrow('another process changes the archive');
    [installation.isLocked, installation.isBehind] = [false, true];
    await expect(work.eraseSome()).rejects.toThrow('the views are behind');
    expect(installation.keys.has('one')).toBe(true);
    installation.isBehind = false;
    expect(await work.eraseSome()).toBe(3);
    await installation.check(hash);
  });

  it('is undertaken once it is asked for, and tried again when it failed', async () => {
    const { work } = await installation.process({ at: 5, when: 'before' });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    work.work();
    await work.idle;
    expect(installation.keys.has('one')).toBe(true);
    jest.advanceTimersByTime(2_000);
    jest.useRealTimers();
    await work.idle;
    await work.stop();
    await installation.check(hash);
  });
});

describe('a process that dies while it erases names', () => {
  it.each(['before', 'after', 'append'] as const)(
    'is followed by one that ends its work: %s each step',
    async (when) => {
      let deaths = 0;
      for (let at = when === 'append' ? 0 : 1; ; at++) {
        const installation = new Installation();
        try {
          await installation.begin();
          const hash = await installation.hash();
          const { work } = await installation.process({ at, when });
          const outcome = await work.eraseSome().then(
            () => 'done',
            (error: Error) => error.message,
          );
          if (outcome !== 'done') deaths++;
          await installation.view.reached(installation.bare.lastAppended, 5_000);
          await untilDone(installation);
          await installation.check(hash);
          if (outcome === 'done') break;
        } finally {
          await installation.end();
        }
      }
      expect(deaths).toBeGreaterThan(4);
    },
    120_000,
  );
});
