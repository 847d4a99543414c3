import type { Database } from '@latchkey/database';
import type { DueWorkState, EventStore, ProjectionRunner } from '@latchkey/event-sourcing';
import { Gauge } from 'prom-client';
import type { Metrics } from './metrics';

/** What is read when the metrics are asked for. */
export interface Observed {
  readonly store: EventStore;
  readonly views: readonly ProjectionRunner[];
  /** Work that falls due, by its name. */
  readonly dueWork: Readonly<
    Record<string, { readonly state: () => DueWorkState; readonly waiting: () => Promise<number> }>
  >;
  /** The databases that views are in. */
  readonly databases: readonly Database<unknown>[];
}

const MS = 1000;

/** Adds what is read when somebody asks: how far views lie behind, what is due, what was parked, how the store answers. */
export function observe({ registry }: Metrics, observed: Observed): void {
  const registers = [registry];
  const ping = new Gauge({
    name: 'latchkey_event_store_round_trip_seconds',
    help: 'How long the event store takes to answer; -1 while it does not',
    registers,
  });
  const lag = new Gauge({
    name: 'latchkey_view_lag_positions',
    help: 'How far a view lies behind the newest event, in positions of the event store',
    labelNames: ['view'],
    registers,
    async collect() {
      const begun = performance.now();
      const newest = await observed.store.ping().catch(() => null);
      ping.set(newest === null ? -1 : (performance.now() - begun) / MS);
      if (newest === null) return;
      for (const { name, position } of observed.views) {
        lag.set({ view: name }, Number((newest?.commit ?? 0n) - (position?.commit ?? 0n)));
      }
    },
  });
  new Gauge({
    name: 'latchkey_view_is_held_up',
    help: '1 while a view does not go on',
    labelNames: ['view'],
    registers,
    collect() {
      for (const { name, failure, trouble } of observed.views) {
        this.set({ view: name }, (failure ?? trouble) === undefined ? 0 : 1);
      }
    },
  });
  observeDueWork(registers, observed);
  observeParked(registers, observed);
}

function observeDueWork(registers: Metrics['registry'][], { dueWork }: Observed): void {
  const labelNames = ['work'];
  new Gauge({
    name: 'latchkey_due_work_waiting',
    help: 'Pieces of work that are due and not begun, up to ten thousand',
    ...{ labelNames, registers },
    async collect() {
      for (const [work, { waiting }] of Object.entries(dueWork)) {
        const count = await waiting().catch(() => undefined);
        if (count !== undefined) this.set({ work }, count);
      }
    },
  });
  new Gauge({
    name: 'latchkey_due_work_oldest_seconds',
    help: 'For how long the first of what is due has waited',
    ...{ labelNames, registers },
    collect() {
      for (const [work, { state }] of Object.entries(dueWork)) this.set({ work }, state().overdueMs / MS);
    },
  });
  new Gauge({
    name: 'latchkey_due_work_under_way',
    help: 'Pieces of work under way in this process',
    ...{ labelNames, registers },
    collect() {
      for (const [work, { state }] of Object.entries(dueWork)) this.set({ work }, state().underWay);
    },
  });
}

function observeParked(registers: Metrics['registry'][], { databases, views }: Observed): void {
  new Gauge({
    name: 'latchkey_parked_events',
    help: 'Events that a view goes on without',
    labelNames: ['view'],
    registers,
    async collect() {
      for (const { name } of views) this.set({ view: name }, 0);
      for (const { db } of databases as readonly Database<{ parked_events: { projection: string } }>[]) {
        const rows = await db
          .selectFrom('parked_events')
          .select(({ fn }) => ['projection', fn.countAll<number>().as('count')])
          .groupBy('projection')
          .execute()
          .catch(() => []);
        for (const { projection, count } of rows) this.set({ view: projection }, Number(count));
      }
    },
  });
}
