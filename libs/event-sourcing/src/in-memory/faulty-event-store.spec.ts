import { Outage } from '@latchkey/platform';
import { AppendTimeout, type NewEvent, RevisionConflict } from '../event-store';
import { FaultyEventStore, ProcessDied } from './faulty-event-store';
import { InMemoryEventStore } from './in-memory-event-store';

const event = (id: string): NewEvent => ({
  id,
  type: 'Happened',
  data: {},
  metadata: {
    $correlationId: 'test',
    $causationId: 'test',
    actor: { type: 'system' },
    workspaceId: 'workspace-1',
    schemaVersion: 1,
    occurredAt: '2026-06-01T12:00:00.000Z',
  },
});

describe('an event store with faults', () => {
  let kept: InMemoryEventStore;
  let store: FaultyEventStore;
  const idsOf = async (stream: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of kept.read(stream)) ids.push(id);
    return ids;
  };

  beforeEach(() => {
    kept = new InMemoryEventStore();
    store = new FaultyEventStore(kept);
  });

  it.each([0, 1, 2])('keeps what was appended before the process died: %d appends', async (appends) => {
    store.dieAfter(appends);
    const all = ['a', 'b', 'c'].map((id) => store.append(id, [event(id)], 'no-stream'));
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toContain('rejected');
    await expect(store.append('d', [event('d')], 'no-stream')).rejects.toThrow(ProcessDied);
    await expect(store.ping()).rejects.toThrow(ProcessDied);
    const found = await Promise.all(['a', 'b', 'c', 'd'].map(idsOf));
    expect(found.flat()).toHaveLength(appends);
    expect(store.isDead).toBe(true);
  });

  it('lets others get ahead of an append, once', async () => {
    store.before('room-', () => kept.append('room-1', [event('theirs')], 'no-stream'));
    await store.append('house-1', [event('elsewhere')], 'no-stream');
    await expect(store.append('room-1', [event('ours')], 'no-stream')).rejects.toThrow(RevisionConflict);
    await store.append('room-1', [event('ours')], 0);
    expect(await idsOf('room-1')).toEqual(['theirs', 'ours']);
  });

  it('loses answers to what it keeps', async () => {
    store.loseAnswers();
    await expect(store.append('a', [event('a')], 'no-stream')).rejects.toThrow(AppendTimeout);
    await store.append('a', [event('a')], 'no-stream');
    expect(await idsOf('a')).toEqual(['a']);
  });

  it('is away for as long as a test says', async () => {
    store.isAway = true;
    await expect(store.append('a', [event('a')], 'no-stream')).rejects.toThrow(Outage);
    store.isAway = false;
    await store.append('a', [event('a')], 'no-stream');
    expect(await idsOf('a')).toEqual(['a']);
  });
});
