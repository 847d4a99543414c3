import { startNode, type RunningNode } from '@latchkey/embedded-eventstore';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { EventCodec } from '../codec';
import type { Cause } from '../cause';
import { DeciderStreams, type Fold } from '../decider';
import type { EventMetadata, EventStore, NewEvent, RecordedEvent } from '../event-store';
import type { Projection } from '../projection';

/** The smallest domain: a sum of what was added. */
export type CounterEvent =
  | { readonly type: 'Added'; readonly data: { readonly amount: number } }
  | { readonly type: 'Cleared'; readonly data: object };

export const counterCodec = new EventCodec<CounterEvent>({
  Added: { schema: z.object({ amount: z.number() }) },
  Cleared: { schema: z.object({}) },
});

export const counterFold: Fold<number, CounterEvent> = {
  initial: 0,
  evolve: (sum, event) => (event.type === 'Added' ? sum + event.data.amount : 0),
};

export const cause: Cause = {
  correlationId: 'correlation-1',
  causationId: 'causation-1',
  actor: { type: 'system' },
  workspaceId: 'workspace-1',
};

export const metadata: EventMetadata = {
  $correlationId: 'correlation-1',
  $causationId: 'causation-1',
  actor: { type: 'system' },
  workspaceId: 'workspace-1',
  schemaVersion: 1,
  occurredAt: '2026-06-01T12:00:00.000Z',
};

export function added(amount: number): CounterEvent {
  return { type: 'Added', data: { amount } };
}

/** `amount` as it is stored: of any shape, so that it can be poison. */
export function newEvent(amount: unknown, id: string = randomUUID()): NewEvent {
  return { id, type: 'Added', data: { amount }, metadata };
}

export function counters(
  store: EventStore,
  options: { readonly cacheSize?: number; readonly alone?: boolean } = {},
): DeciderStreams<number, CounterEvent> {
  return new DeciderStreams({
    store,
    category: 'counter',
    codec: counterCodec,
    fold: counterFold,
    clock: { now: () => Date.parse(metadata.occurredAt) },
    ids: { uuid: () => randomUUID() },
    ...options,
  });
}

/** An embedded node on a folder, that can be stopped and started again on its port. */
export class TestNode {
  private running: RunningNode | undefined;
  private port = 0;
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'latchkey-es-'));

  async start(): Promise<string> {
    this.running = await startNode({
      dataDir: this.dataDir,
      port: this.port,
      access: 'insecure',
      report: () => undefined,
    });
    this.port = this.running.port;
    return this.running.connectionString;
  }

  async stop(): Promise<void> {
    await this.running?.close();
    this.running = undefined;
  }

  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Sums by stream, one row each. An amount that is no number is poison. */
export class SumsProjection implements Projection {
  readonly name = 'sums';
  readonly prefixes = ['counter-'];
  /** Called before the rows of a batch are written, inside the transaction. */
  onBatch: (events: readonly RecordedEvent[]) => void | Promise<void> = () => undefined;

  constructor(readonly version = 1) {}

  get table(): string {
    return `sums_v${this.version}`;
  }

  readonly create: Projection['create'] = async (db) => {
    await db.schema
      .createTable(this.table)
      .addColumn('stream', 'text', (column) => column.primaryKey())
      .addColumn('total', 'integer', (column) => column.notNull())
      .execute();
  };

  readonly drop: Projection['drop'] = async (db, version) => {
    await db.schema.dropTable(`sums_v${version}`).execute();
  };

  readonly apply: Projection['apply'] = async (trx, events) => {
    await this.onBatch(events);
    for (const recorded of events) {
      const event = counterCodec.decode(recorded);
      const row: { total: number } | undefined = await trx
        .selectFrom(this.table)
        .select('total')
        .where('stream', '=', recorded.stream)
        .executeTakeFirst();
      const total = counterFold.evolve(row?.total ?? 0, event);
      if (row)
        await trx.updateTable(this.table).set({ total }).where('stream', '=', recorded.stream).execute();
      else await trx.insertInto(this.table).values({ stream: recorded.stream, total }).execute();
    }
  };
}
