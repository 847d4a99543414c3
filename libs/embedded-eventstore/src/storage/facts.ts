import { type SqliteDatabase } from './database';

/** A few named values about the database itself. */
export class Facts {
  private readonly select;
  private readonly upsert;

  constructor(db: SqliteDatabase) {
    this.select = db.prepare('SELECT value FROM facts WHERE name = ?').raw();
    this.upsert = db.prepare(
      'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    );
  }

  get(name: string): unknown {
    return (this.select.all(name)[0] as [unknown] | undefined)?.[0];
  }

  number(name: string): number {
    const value = this.get(name);
    return typeof value === 'number' ? value : 0;
  }

  set(name: string, value: string | number): void {
    this.upsert.run(name, value);
  }
}
