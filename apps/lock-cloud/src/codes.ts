import type { CloudDatabase } from './database';
import type { Code, CodeContent } from './model';

interface CodeRow extends Omit<Code, 'planned' | 'deleting'> {
  planned: string | null;
  deleting: number;
}

const fromRow = (row: CodeRow): Code => ({
  access_code_id: row.access_code_id,
  lock_id: row.lock_id,
  name: row.name,
  code: row.code,
  starts_at: row.starts_at,
  ends_at: row.ends_at,
  status: row.status,
  planned: row.planned === null ? null : (JSON.parse(row.planned) as CodeContent),
  deleting: row.deleting === 1,
});

/** The codes in the locks' memories, and those on their way there. */
export class Codes {
  private readonly byId;
  private readonly onLock;
  private readonly byPin;
  private readonly countAll;
  private readonly countActive;
  private readonly insert;
  private readonly storeContent;
  private readonly storePlan;
  private readonly storeDeleting;
  private readonly remove;
  private readonly insertOneTime;
  private readonly isInOneTime;
  private readonly removeOfLock;

  constructor(db: CloudDatabase) {
    this.byId = db.prepare<[string], CodeRow>('SELECT * FROM codes WHERE access_code_id = ?');
    // One JSON text crosses from the driver several times faster than the rows it stands for.
    this.onLock = db.prepare<[string], { rows: string }>(
      `SELECT json_group_array(json_object(
         'access_code_id', access_code_id, 'lock_id', lock_id, 'name', name, 'code', code, 'starts_at', starts_at,
         'ends_at', ends_at, 'status', status, 'planned', planned, 'deleting', deleting)) AS rows
       FROM (SELECT * FROM codes WHERE lock_id = ? ORDER BY seq)`,
    );
    this.byPin = db.prepare<[string, string, string, string], CodeRow>(
      `SELECT * FROM codes WHERE lock_id = ? AND code = ?
       UNION SELECT * FROM codes WHERE lock_id = ? AND planned_code = ?`,
    );
    this.countAll = db.prepare<[string], { n: number }>('SELECT count(*) AS n FROM codes WHERE lock_id = ?');
    this.countActive = db.prepare<[string], { n: number }>(
      `SELECT count(*) AS n FROM codes WHERE lock_id = ? AND status = 'active'`,
    );
    this.insert = db.prepare<[string, string, string, string, number | null, number | null, string]>(
      `INSERT INTO codes (access_code_id, lock_id, name, code, starts_at, ends_at, status)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.storeContent = db.prepare<[string, string, number | null, number | null, string, string]>(
      'UPDATE codes SET name = ?, code = ?, starts_at = ?, ends_at = ?, status = ? WHERE access_code_id = ?',
    );
    this.storePlan = db.prepare<[string | null, string | null, string]>(
      'UPDATE codes SET planned = ?, planned_code = ? WHERE access_code_id = ?',
    );
    this.storeDeleting = db.prepare<[number, string]>(
      'UPDATE codes SET deleting = ? WHERE access_code_id = ?',
    );
    this.remove = db.prepare<[string]>('DELETE FROM codes WHERE access_code_id = ?');
    this.insertOneTime = db.prepare<[string]>('INSERT INTO one_time_codes (access_code_id) VALUES (?)');
    this.isInOneTime = db.prepare<[string], { access_code_id: string }>(
      'SELECT access_code_id FROM one_time_codes WHERE access_code_id = ?',
    );
    this.removeOfLock = db.prepare<[string]>('DELETE FROM codes WHERE lock_id = ?');
  }

  get(accessCodeId: string): Code | undefined {
    const row = this.byId.get(accessCodeId);
    return row && fromRow(row);
  }

  on(lockId: string): Code[] {
    const { rows = '[]' } = this.onLock.get(lockId) ?? {};
    return (JSON.parse(rows) as CodeRow[]).map(fromRow);
  }

  /** The codes of the lock that have this PIN, or will have it once their pending changes are performed. */
  withPin(lockId: string, pin: string): Code[] {
    return this.byPin.all(lockId, pin, lockId, pin).map(fromRow);
  }

  count(lockId: string): { all: number; active: number } {
    return { all: this.countAll.get(lockId)?.n ?? 0, active: this.countActive.get(lockId)?.n ?? 0 };
  }

  add(accessCodeId: string, lockId: string, content: CodeContent, status: Code['status']): void {
    const { name, code, starts_at, ends_at } = content;
    this.insert.run(accessCodeId, lockId, name, code, starts_at, ends_at, status);
  }

  /** It opens the door once. */
  markOneTime(accessCodeId: string): void {
    this.insertOneTime.run(accessCodeId);
  }

  isOneTime(accessCodeId: string): boolean {
    return this.isInOneTime.get(accessCodeId) !== undefined;
  }

  /** What now is in the lock's memory. */
  setActive(accessCodeId: string, content: CodeContent): void {
    const { name, code, starts_at, ends_at } = content;
    this.storeContent.run(name, code, starts_at, ends_at, 'active', accessCodeId);
  }

  setPlanned(accessCodeId: string, planned: CodeContent | null): void {
    this.storePlan.run(planned && JSON.stringify(planned), planned && planned.code, accessCodeId);
  }

  setDeleting(accessCodeId: string, deleting: boolean): void {
    this.storeDeleting.run(deleting ? 1 : 0, accessCodeId);
  }

  delete(accessCodeId: string): void {
    this.remove.run(accessCodeId);
  }

  deleteAllOn(lockId: string): void {
    this.removeOfLock.run(lockId);
  }
}

export const contentOf = ({ name, code, starts_at, ends_at }: CodeContent): CodeContent => ({
  name,
  code,
  starts_at,
  ends_at,
});
