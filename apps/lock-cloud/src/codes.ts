import type { CloudDatabase } from './database';
import type { Code, CodeContent } from './model';
import { ByKey, InOrder } from './rows';
import { Table } from './table';

/** The codes in the locks' memories, and those on their way there. */
export class Codes {
  private readonly byId = new ByKey<Code>((code) => code.access_code_id);
  private readonly byLock = new InOrder<Code>((code) => code.lock_id);
  private readonly table: Table<Code>;

  constructor(db: CloudDatabase) {
    this.table = new Table(db, {
      name: 'codes',
      indexes: [this.byId, this.byLock],
      columns: {
        access_code_id: (code) => code.access_code_id,
        lock_id: (code) => code.lock_id,
        name: (code) => code.name,
        code: (code) => code.code,
        starts_at: (code) => code.starts_at,
        ends_at: (code) => code.ends_at,
        status: (code) => code.status,
        planned: ({ planned }) => planned && JSON.stringify(planned),
        deleting: (code) => (code.deleting ? 1 : 0),
        one_time: (code) => (code.one_time ? 1 : 0),
      },
      read: (stored) => ({
        ...(stored as unknown as Code),
        planned: stored.planned === null ? null : (JSON.parse(String(stored.planned)) as CodeContent),
        deleting: stored.deleting === 1,
        one_time: stored.one_time === 1,
      }),
    });
  }

  get(accessCodeId: string): Code | undefined {
    return this.byId.get(accessCodeId);
  }

  /** Whoever changes them meanwhile takes a copy. */
  on(lockId: string): readonly Code[] {
    return this.byLock.of(lockId);
  }

  /** The codes of the lock that have this PIN, or will have it once their pending changes are performed. */
  withPin(lockId: string, pin: string): Code[] {
    return this.on(lockId).filter(({ code, planned }) => code === pin || planned?.code === pin);
  }

  count(lockId: string): { all: number; active: number } {
    const codes = this.on(lockId);
    let active = 0;
    for (const { status } of codes) if (status === 'active') active += 1;
    return { all: codes.length, active };
  }

  add(accessCodeId: string, lockId: string, content: CodeContent, status: Code['status']): Code {
    const { name, code, starts_at, ends_at } = content;
    const added: Code = {
      seq: this.table.nextSeq(),
      access_code_id: accessCodeId,
      lock_id: lockId,
      name,
      code,
      starts_at,
      ends_at,
      status,
      planned: null,
      deleting: false,
      one_time: false,
    };
    this.table.put(added);
    return added;
  }

  /** It opens the door once. */
  markOneTime(accessCodeId: string): void {
    this.change(accessCodeId, { one_time: true });
  }

  /** What now is in the lock's memory. */
  setActive(accessCodeId: string, content: CodeContent): void {
    this.change(accessCodeId, { ...contentOf(content), status: 'active' });
  }

  setPlanned(accessCodeId: string, planned: CodeContent | null): void {
    this.change(accessCodeId, { planned });
  }

  setDeleting(accessCodeId: string, deleting: boolean): void {
    this.change(accessCodeId, { deleting });
  }

  delete(accessCodeId: string): void {
    const code = this.get(accessCodeId);
    if (code) this.table.delete(code);
  }

  deleteAllOn(lockId: string): void {
    for (const code of [...this.on(lockId)]) this.table.delete(code);
  }

  private change(accessCodeId: string, change: Partial<Code>): void {
    const code = this.get(accessCodeId);
    if (code) this.table.put({ ...code, ...change });
  }
}

export const contentOf = ({ name, code, starts_at, ends_at }: CodeContent): CodeContent => ({
  name,
  code,
  starts_at,
  ends_at,
});
