import { type Database } from '../database';
import { KeptRows } from '../kept-rows';
import { type Migration } from '../migrate';
import { prepared } from '../prepared';

/** What everything belongs to; workspaces see nothing of each other. */
export interface Workspace {
  workspaceId: string;
  name: string;
  isSandbox: boolean;
  settings: Record<string, unknown>;
  /** ms since the epoch */
  createdAt: number;
}

export interface Workspaces {
  /** @throws if one with that id exists already (see isUniqueViolation) */
  create(workspace: Workspace): Promise<void>;
  get(workspaceId: string): Promise<Workspace | null>;
  /** All of them, oldest first. */
  list(): Promise<Workspace[]>;
  /** @returns the workspace as it is now, or null if there is none */
  rename(workspaceId: string, name: string): Promise<Workspace | null>;
  /**
   * Puts `changes` over the settings, name by name; undefined takes a setting away.
   * @returns the workspace as it is now, or null if there is none
   */
  updateSettings(workspaceId: string, changes: Record<string, unknown>): Promise<Workspace | null>;
}

export interface WorkspacesTable {
  workspaces: {
    workspace_id: string;
    name: string;
    is_sandbox: number;
    settings: string;
    created_at: number;
  };
}

export const workspacesMigration: Migration = {
  name: 'workspaces',
  async up(db) {
    await db.schema
      .createTable('workspaces')
      .addColumn('workspace_id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('is_sandbox', 'integer', (column) => column.notNull())
      .addColumn('settings', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
  },
};

const KEPT = 1_000;

const byId = prepared<WorkspacesTable, { workspaceId: string }, WorkspacesTable['workspaces']>((db, p) =>
  db.selectFrom('workspaces').selectAll().where('workspace_id', '=', p.workspaceId),
);

export function workspaces(database: Database<WorkspacesTable>): Workspaces {
  const { db } = database;
  const kept = new KeptRows<Workspace>(database, KEPT);
  return {
    async create(workspace) {
      await db.insertInto('workspaces').values(toRow(workspace)).execute();
    },
    get: (workspaceId) =>
      kept.get(workspaceId, async () => fromRow((await byId.rows(db, { workspaceId }))[0])),
    async list() {
      const query = db.selectFrom('workspaces').selectAll().orderBy('created_at').orderBy('workspace_id');
      return (await query.execute()).map((row) => fromRow(row)!);
    },
    async rename(workspaceId, name) {
      const query = db.updateTable('workspaces').set({ name }).where('workspace_id', '=', workspaceId);
      return kept.written(async () => fromRow(await query.returningAll().executeTakeFirst()));
    },
    updateSettings: (workspaceId, changes) =>
      kept.written(() =>
        database.transaction(async (trx) => {
          // An update that changes nothing takes the row's lock, so that two changes can't overwrite each other.
          const locked = await trx
            .updateTable('workspaces')
            .set({ workspace_id: workspaceId })
            .where('workspace_id', '=', workspaceId)
            .returning('settings')
            .executeTakeFirst();
          if (!locked) return null;
          const settings = { ...(JSON.parse(locked.settings) as Record<string, unknown>), ...changes };
          const updated = await trx
            .updateTable('workspaces')
            .set({ settings: JSON.stringify(settings) })
            .where('workspace_id', '=', workspaceId)
            .returningAll()
            .executeTakeFirst();
          return fromRow(updated);
        }),
      ),
  };
}

function toRow(workspace: Workspace): WorkspacesTable['workspaces'] {
  return {
    workspace_id: workspace.workspaceId,
    name: workspace.name,
    is_sandbox: workspace.isSandbox ? 1 : 0,
    settings: JSON.stringify(workspace.settings),
    created_at: workspace.createdAt,
  };
}

function fromRow(row: WorkspacesTable['workspaces'] | undefined): Workspace | null {
  return row === undefined
    ? null
    : {
        workspaceId: row.workspace_id,
        name: row.name,
        isSandbox: row.is_sandbox === 1,
        settings: JSON.parse(row.settings) as Record<string, unknown>,
        createdAt: row.created_at,
      };
}
