import { InMemoryEventStore } from '@latchkey/event-sourcing';
import { type PublicEvent, PublicStreams } from './public-stream';

const STREAM = 'events-workspace-1';

const told = (n: number): PublicEvent => ({
  ...{ id: `event-${n}`, type: 'access_code.created' },
  data: {
    ...{ event_id: `event-${n}`, event_type: 'access_code.created', workspace_id: 'workspace-1' },
    created_at: '2026-06-01T12:00:00.000Z',
  },
  metadata: {
    ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' }, workspaceId: 'workspace-1' },
    ...{ schemaVersion: 1, occurredAt: '2026-06-01T12:00:00.000Z', sourcePosition: `${n}/${n}` },
  },
});

describe('public events that are made again', () => {
  const store = new InMemoryEventStore();
  const events = [1, 2, 3, 4].map(told);
  const ids = async () => {
    const found: string[] = [];
    for await (const { id } of store.read(STREAM)) found.push(id);
    return found;
  };
  beforeAll(() => new PublicStreams(store).append(STREAM, [events[0]!, events[1]!, events[3]!]));

  it('are not looked for in their stream where the feed lists them', async () => {
    const read = jest.spyOn(store, 'read');
    const asked: string[] = [];
    await new PublicStreams(store).append(STREAM, [events[0]!, events[1]!], undefined, (some) => {
      asked.push(...some);
      return Promise.resolve(new Set(some));
    });
    expect({ asked, reads: read.mock.calls.length }).toEqual({ asked: ['event-1', 'event-2'], reads: 0 });
    read.mockRestore();
    expect(await ids()).toEqual(['event-1', 'event-2', 'event-4']);
  });

  it('are found there where the feed has not got that far, and told late where they are missing', async () => {
    await new PublicStreams(store).append(STREAM, events, undefined, () =>
      Promise.resolve(new Set(['event-1'])),
    );
    expect(await ids()).toEqual(['event-1', 'event-2', 'event-4', 'event-3']);
  });
});
