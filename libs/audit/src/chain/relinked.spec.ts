import { codeCodec } from '@latchkey/access-codes';
import {
  type EventMetadata,
  ForwardingEventStore,
  InMemoryEventStore,
  type RecordedEvent,
  type SubscribeOptions,
} from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkExport } from './check-file';
import { AUDIT_CHECKPOINT, checkpointCodec } from './checkpoints';
import { exportAudit } from './export-file';
import { verifyHistory } from './history';
import { erasedWithoutSalt } from './relinked';
import { ChainSigner } from './signing';

const WORKSPACE = 'workspace-1';
const T0 = Date.UTC(2026, 5, 1, 12);
const NAMES = ['Ada', 'Bob', 'Cleo', 'Dora', 'Eve'];

/** The same events, but for some of them. */
class Rewritten extends ForwardingEventStore {
  constructor(
    store: InMemoryEventStore,
    private readonly change: (event: RecordedEvent) => RecordedEvent,
  ) {
    super(store);
  }

  override async *read(stream: string): AsyncIterable<RecordedEvent> {
    for await (const event of this.store.read(stream)) yield this.change(event);
  }

  override subscribeToAll(options: SubscribeOptions) {
    const onEvents = (events: readonly RecordedEvent[]) => options.onEvents(events.map(this.change));
    return this.store.subscribeToAll({ ...options, onEvents });
  }
}

const newSigner = () => ChainSigner.open({ setSecretIfAbsent: (_, value) => Promise.resolve(value) });

describe('facts without a salt', () => {
  let signer: ChainSigner;
  let store: InMemoryEventStore;
  let folder: string;
  /** What is left of the second and third fact. */
  let erased: Map<string, RecordedEvent>;

  const metadata: Omit<EventMetadata, 'schemaVersion'> = {
    ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' } },
    ...{ workspaceId: WORKSPACE, occurredAt: iso(T0) },
  };
  const findingsIn = async (change: (event: RecordedEvent) => RecordedEvent) => {
    const found: string[] = [];
    await verifyHistory(new Rewritten(store, change), signer.publicKey, ({ what }) => void found.push(what));
    return found;
  };
  const asErased = (event: RecordedEvent): RecordedEvent => erased.get(event.id) ?? event;
  const only =
    (id: string, change: (event: RecordedEvent) => RecordedEvent) =>
    (event: RecordedEvent): RecordedEvent =>
      event.id === id ? change(asErased(event)) : asErased(event);
  const hashesOf = async (change: (event: RecordedEvent) => RecordedEvent) => {
    const hashes: string[] = [];
    const of = new Rewritten(store, change);
    await verifyHistory(of, signer.publicKey, fail, ({ link }) => void hashes.push(link.hash));
    return hashes;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-relinked-'));
    signer = await newSigner();
    store = new InMemoryEventStore(() => T0);
    for (const [n, name] of NAMES.entries()) {
      const event = codeCodec.encode({ type: 'ChangeRequested', data: { name } }, `event-${n}`, metadata);
      await store.append(`accessCode-${n}`, [event], 'any');
    }
    let link = { length: 0, hash: '' };
    await verifyHistory(store, signer.publicKey, fail, (each) => void (link = each.link));
    const data = signer.sign(WORKSPACE, link, iso(T0));
    const signed = checkpointCodec.encode({ type: 'ChainSigned', data }, 'signed', metadata);
    await store.append(`${AUDIT_CHECKPOINT}-${WORKSPACE}`, [signed], 'any');
    erased = await erasedWithoutSalt({ store, signer }, new Set(['event-1', 'event-2']));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('have no name once they are erased, and the chain is the one that was signed', async () => {
    expect([...erased.values()].map(({ data }) => data)).toEqual([{ name: null }, { name: null }]);
    expect(await findingsIn(asErased)).toEqual([]);
    expect(await hashesOf(asErased)).toEqual(await hashesOf((event) => event));
  });

  it('are the same when they are to be erased again, and others are erased beside them', async () => {
    const left = new Rewritten(store, asErased);
    const again = await erasedWithoutSalt(
      { store: left, signer },
      new Set(['event-1', 'event-2', 'event-4']),
    );
    expect([...again.keys()]).toEqual(['event-4']);
    expect(await findingsIn((event) => again.get(event.id) ?? asErased(event))).toEqual([]);
  });

  it.each<[string, (event: RecordedEvent) => RecordedEvent, string[]]>([
    ['what is left was changed', only('event-1', (e) => ({ ...e, type: 'LetGo' })), ['not-signed-by-us']],
    [
      'it was erased by somebody else',
      only('event-1', (e) => ({
        ...e,
        metadata: { ...e.metadata, relinked: { ...e.metadata.relinked!, signature: 'none' } },
      })),
      ['not-signed-by-us'],
    ],
    ['a fact before was changed', only('event-0', (e) => ({ ...e, data: { name: 'Eve' } })), ['differs']],
    ['a fact after was changed', only('event-3', (e) => ({ ...e, data: { name: 'Eve' } })), ['differs']],
  ])('show where %s', async (_, change, found) => {
    expect(await findingsIn(change)).toEqual(found);
  });

  it('are checked in an export', async () => {
    const file = join(folder, 'export.jsonl');
    await exportAudit({ store: new Rewritten(store, asErased), signer }, WORKSPACE, file, iso(T0));
    expect(await checkExport(file, signer.publicKey)).toMatchObject({ facts: NAMES.length, checkpoints: 1 });
    const text = readFileSync(file, 'utf8');
    expect(NAMES.filter((name) => text.includes(name))).toEqual(['Ada', 'Dora', 'Eve']);
    const line = text.split('\n').findIndex((each) => each.includes('"event-1"'));
    writeFileSync(file, text.replace('"id":"event-1"', '"id":"event-x"'));
    await expect(checkExport(file)).rejects.toThrow(
      `line ${line + 1}: what is missing in accessCode-1@0 (ChangeRequested) was not erased by the server`,
    );
  });
});

const fail = (finding: object) => {
  throw new Error(JSON.stringify(finding));
};
