import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_CHECKPOINT, checkpointCodec } from '@latchkey/audit';
import { codeCodec, commonCodeCodec, keypadCodec, keypadSnapshotCodec } from '@latchkey/access-codes';
import { accountCodec, actionCodec, deviceCodec, doorCodec, loginCodec } from '@latchkey/devices';
import type { DomainEvent, EventCodec, RecordedEvent } from '@latchkey/event-sourcing';

const EVENTS = join(__dirname, 'events');

/** Streams of public events hold the API's own words: they are read as they are. */
const codecs: Readonly<Record<string, Pick<EventCodec<DomainEvent>, 'decode' | 'written'>>> = {
  accessCode: codeCodec,
  keypad: keypadCodec,
  keypadSnapshot: keypadSnapshotCodec,
  commonCode: commonCodeCodec,
  device: deviceCodec,
  account: accountCodec,
  door: doorCodec,
  connectWebview: loginCodec,
  actionAttempt: actionCodec,
  [AUDIT_CHECKPOINT]: checkpointCodec,
};

interface Golden {
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly metadata: { readonly occurredAt: string; readonly schemaVersion: number };
}

function golden(version: string, category: string): Golden[] {
  return JSON.parse(readFileSync(join(EVENTS, version, `${category}.json`), 'utf8')) as Golden[];
}

describe('events as earlier versions wrote them', () => {
  const versions = readdirSync(EVENTS);

  it.each(
    versions.flatMap((version) =>
      Object.keys(codecs)
        .filter((category) => readdirSync(join(EVENTS, version)).includes(`${category}.json`))
        .map((category) => [version, category] as const),
    ),
  )('version %s: every event of %s streams is read', (version, category) => {
    const events = golden(version, category);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      const recorded = { ...event, id: event.stream, position: { commit: 1n, prepare: 1n }, recordedAt: 0 };
      const decoded = codecs[category]!.decode(recorded as unknown as RecordedEvent);
      expect(decoded).toMatchObject({ type: event.type, at: Date.parse(event.metadata.occurredAt) });
    }
  });

  it.each(Object.keys(codecs))(
    'every type of %s streams is there, in the version written now',
    (category) => {
      const there = versions
        .filter((version) => readdirSync(join(EVENTS, version)).includes(`${category}.json`))
        .flatMap((version) => golden(version, category))
        .map(({ type, metadata }) => `${type}@${metadata.schemaVersion}`);
      const written = codecs[category]!.written.map(({ type, schemaVersion }) => `${type}@${schemaVersion}`);
      expect(written.length).toBeGreaterThan(0);
      expect(written.filter((each) => !there.includes(each))).toEqual([]);
    },
  );
});
