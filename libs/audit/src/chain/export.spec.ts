import { iso } from '@latchkey/platform';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeCodec, type CodeEvent } from '@latchkey/access-codes';
import { type EventMetadata, InMemoryEventStore, type NewEvent } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import { beginning, type Link, linked, type ShownFact } from './chain';
import { checkExport } from './check-file';
import { AUDIT_CHECKPOINT, checkpointCodec } from './checkpoints';
import { exportAudit } from './export-file';
import { verifyHistory } from './history';
import { ChainSigner, isSignedBy } from './signing';

const WORKSPACE = 'workspace-1';
const T0 = Date.UTC(2026, 5, 1, 12);
const FACTS = 40;
/** After how many facts the chain was signed. */
const SIGNED = [10, 25];

let made = 0;
const metadata = (workspaceId: string): Omit<EventMetadata, 'schemaVersion'> => ({
  ...{ $correlationId: 'request-1', $causationId: 'request-1', actor: { type: 'api_key', id: 'key-1' } },
  ...{ workspaceId, occurredAt: iso(T0 + made) },
});
const factOf = (event: CodeEvent, workspaceId = WORKSPACE): NewEvent =>
  codeCodec.encode(event, `event-${++made}`, metadata(workspaceId));
const nameOf = (n: number): CodeEvent => ({
  type: 'ChangeRequested',
  data: { name: `Guest ${n}`, pin: { keyId: `key-${n}`, box: `sealed-${n}` }, pinFingerprint: `print-${n}` },
});

async function signerWith(kept: Map<string, string>): Promise<ChainSigner> {
  return ChainSigner.open({
    setSecretIfAbsent(key, value) {
      if (!kept.has(key)) kept.set(key, value);
      return Promise.resolve(kept.get(key)!);
    },
  });
}

/** A history of two workspaces, signed in between. @param change a forged change of a fact, by its number */
async function historyWith(
  signer: ChainSigner,
  change: (event: NewEvent, n: number) => NewEvent[] = (event) => [event],
): Promise<InMemoryEventStore> {
  made = 0;
  const store = new InMemoryEventStore(() => T0);
  const honest = new InMemoryEventStore(() => T0);
  const revisions = new Map<string, number>();
  for (let n = 0; n < FACTS; n++) {
    const stream = `accessCode-${n % 3}`;
    const fact = factOf(nameOf(n));
    await honest.append(stream, [fact], 'any');
    for (const event of change(fact, n)) await store.append(stream, [event], 'any');
    if (n % 4 === 0) await store.append(`accessCode-theirs`, [factOf(nameOf(n), 'workspace-2')], 'any');
    if (!SIGNED.includes(n + 1)) continue;
    let link: Link | undefined;
    await verifyHistory(honest, signer.publicKey, fail, (each) => void (link = each.link));
    const data = signer.sign(WORKSPACE, link!, iso(T0 + n));
    const signed = checkpointCodec.encode({ type: 'ChainSigned', data }, `signed-${n}`, metadata(WORKSPACE));
    const revision = revisions.get(WORKSPACE) ?? -1;
    await store.append(
      `${AUDIT_CHECKPOINT}-${WORKSPACE}`,
      [signed],
      revision === -1 ? 'no-stream' : revision,
    );
    revisions.set(WORKSPACE, revision + 1);
  }
  return store;
}
const fail = (finding: object) => {
  throw new Error(JSON.stringify(finding));
};

describe('an export', () => {
  let folder: string;
  let file: string;
  let signer: ChainSigner;
  let lines: string[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
    signer = await signerWith(new Map());
    file = join(folder, 'export.jsonl');
    const store = await historyWith(signer);
    expect(await exportAudit({ store, signer }, WORKSPACE, file, iso(T0))).toEqual({
      ...{ facts: FACTS, checkpoints: SIGNED.length, findings: [] },
    });
    lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const changed = join(tmpdir(), `latchkey-audit-changed-${process.pid}.jsonl`);
  afterAll(() => rmSync(changed, { force: true }));
  const check = (text: readonly string[], key?: string) => {
    writeFileSync(changed, `${text.join('\n')}\n`);
    return checkExport(changed, key);
  };

  it('is whole, of one workspace alone, signed, and shows nothing of PINs', async () => {
    expect(await check(lines, signer.publicKey)).toMatchObject({
      ...{ workspaceId: WORKSPACE, facts: FACTS, checkpoints: SIGNED.length, exportedAt: iso(T0) },
    });
    expect(lines.join('\n')).not.toMatch(/sealed-\d|print-\d|workspace-2|"pin|Fingerprint/);
    expect(readdirSync(folder)).toEqual(['export.jsonl']);
  });

  it('is found to be changed, shortened or put in another order, whatever was done', async () => {
    const at = fc.nat({ max: lines.length - 1 });
    const changes: fc.Arbitrary<string[]>[] = [
      // A bit of one character.
      fc.tuple(at, fc.nat(), fc.nat({ max: 6 })).map(([n, where, bit]) => {
        const line = lines[n]!;
        const place = where % line.length;
        const other = String.fromCharCode(line.charCodeAt(place) ^ (1 << bit));
        return lines.with(n, line.slice(0, place) + other + line.slice(place + 1));
      }),
      at.map((n) => lines.toSpliced(n, 1)),
      at.map((n) => lines.toSpliced(n, 0, lines[n]!)),
      fc
        .tuple(at, at)
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => lines.with(a, lines[b]!).with(b, lines[a]!)),
      at.map((n) => lines.slice(0, n)),
    ];
    await fc.assert(
      fc.asyncProperty(fc.oneof(...changes), async (text) => {
        // Another spelling of the same JSON value is not a change.
        fc.pre(JSON.stringify(text.map(meaningOf)) !== JSON.stringify(lines.map(meaningOf)));
        await expect(check(text, signer.publicKey)).rejects.toThrow(/line|empty|ends/);
      }),
      { numRuns: 300 },
    );
  });

  it('with recomputed links breaks at the next signature, and names it', async () => {
    let link = beginning(WORKSPACE);
    const forged = lines.map((text) => {
      const line = JSON.parse(text) as { fact?: ShownFact };
      if (!line.fact) return text;
      const fact = line.fact.id === 'event-8' ? { ...line.fact, data: { name: 'Nobody' } } : line.fact;
      link = linked(link, fact);
      return JSON.stringify({ fact, hash: link.hash });
    });
    await expect(check(forged)).rejects.toThrow(/the facts up to here are not those that were signed/);
  });

  it('that somebody has signed with another key is not the server’s', async () => {
    const other = await signerWith(new Map());
    const theirs = join(folder, 'theirs.jsonl');
    await exportAudit({ store: new InMemoryEventStore(), signer: other }, WORKSPACE, theirs, iso(T0));
    expect(await checkExport(theirs)).toMatchObject({ facts: 0 });
    await expect(checkExport(theirs, signer.publicKey)).rejects.toThrow(/signed with another key/);
  });

  it('is not written over another file, and leaves nothing half done', async () => {
    const store = await historyWith(signer);
    await expect(exportAudit({ store, signer }, WORKSPACE, file, iso(T0))).rejects.toThrow(/EEXIST/);
    await expect(
      exportAudit({ store, signer }, WORKSPACE, join(folder, 'nowhere', 'x'), iso(T0)),
    ).rejects.toThrow(/ENOENT/);
    expect(readdirSync(folder).sort()).toEqual(['export.jsonl', 'theirs.jsonl']);
  });
});

const meaningOf = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
};

describe('a history', () => {
  const findingsIn = async (change?: (event: NewEvent, n: number) => NewEvent[], signer?: ChainSigner) => {
    const by = signer ?? (await signerWith(new Map()));
    const store = await historyWith(by, change);
    const found: { what: string; at: string }[] = [];
    await verifyHistory(store, by.publicKey, ({ what, at }) => void found.push({ what, at }));
    return found;
  };

  it('is the one that was signed', async () => {
    expect(await findingsIn()).toEqual([]);
  });

  it.each<[string, (event: NewEvent, n: number) => NewEvent[]]>([
    ['changed', (event, n) => (n === 3 ? [{ ...event, data: { name: 'Nobody' } }] : [event])],
    ['removed', (event, n) => (n === 3 ? [] : [event])],
    ['added', (event, n) => (n === 3 ? [event, { ...event, id: 'another' }] : [event])],
  ])('with a fact %s differs from what was signed after it', async (_, change) => {
    expect((await findingsIn(change)).map(({ what }) => what)).toEqual(['differs', 'differs']);
  });

  it('that lacks its end is shorter than what was signed', async () => {
    expect(await findingsIn((event, n) => (n < 20 ? [event] : []))).toEqual([
      { what: 'shorter', at: 'the end' },
    ]);
  });

  it('signed by another key, or with foreign events in it, is reported', async () => {
    const [one, other] = [await signerWith(new Map()), await signerWith(new Map())];
    const store = await historyWith(one);
    store.appendForeign('accessCode-1', { id: 'foreign', type: 'Nonsense', data: {} });
    const found: string[] = [];
    const { foreign } = await verifyHistory(store, other.publicKey, ({ what }) => void found.push(what));
    expect(found).toEqual(['not-signed-by-us', 'not-signed-by-us', 'foreign']);
    expect(foreign).toBe(1);
  });
});

test('a key is created once, and a signature holds for one link only', async () => {
  const kept = new Map<string, string>();
  const signer = await signerWith(kept);
  expect((await signerWith(kept)).publicKey).toBe(signer.publicKey);
  const signed = signer.sign(WORKSPACE, { length: 1, hash: 'a' }, iso(T0));
  expect(isSignedBy(signer.publicKey, signed)).toBe(true);
  for (const other of [
    { length: 2 },
    { hash: 'b' },
    { at: iso(T0 + 1) },
    { workspaceId: 'x' },
    { signature: '' },
  ])
    expect(isSignedBy(signer.publicKey, { ...signed, ...other })).toBe(false);
  expect(isSignedBy('nonsense', signed)).toBe(false);
});
