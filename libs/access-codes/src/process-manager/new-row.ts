import type { AgendaRow } from './agenda-tables';

/** What a new row has of its own; instants in ms. */
export interface NewRow {
  readonly subject: string;
  readonly kind: AgendaRow['kind'];
  readonly id: string;
  readonly deviceId: string | null;
  readonly accountId: string | null;
  readonly maker: string | null;
  readonly dueAt: number;
  /** The event was looked at already: what is to be done by it is known. */
  readonly isPlanned?: boolean;
}

export type InsertedRow = NewRow & { readonly workspaceId: string; readonly revision: number };

/** A row as it is added. */
export const inserted = (p: InsertedRow): AgendaRow => ({
  subject: p.subject,
  workspace_id: p.workspaceId,
  kind: p.kind,
  id: p.id,
  device_id: p.deviceId,
  account_id: p.accountId,
  maker: p.maker,
  due_at: p.dueAt,
  revision: p.revision,
  planned_revision: p.isPlanned ? p.revision : -1,
  version: 0,
  attempts: 0,
  for_keypad: 0,
  waiting_for_lock: 0,
  waiting_since: 0,
  lease_owner: null,
  lease_until: 0,
});

/** What a row is written with. */
export const ROW_COLUMNS = [
  ...(['subject', 'workspace_id', 'kind', 'id', 'device_id', 'account_id', 'maker', 'due_at'] as const),
  ...(['revision', 'planned_revision', 'version', 'attempts', 'for_keypad', 'waiting_for_lock'] as const),
  ...(['waiting_since', 'lease_owner', 'lease_until'] as const),
] satisfies (keyof AgendaRow)[];
