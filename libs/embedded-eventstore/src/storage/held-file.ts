import { type SqliteDatabase } from './database';

/** Pages after which SQLite moves what was appended out of its log into the file. */
const CHECKPOINT_AFTER = 4000;

/**
 * The file of a database, which its owner may copy while appends go on: held, it has everything that was appended before,
 * and stays as it is; what comes later is in SQLite's log beside it until it is let go.
 */
export class HeldFile {
  private holds = 0;
  private isOwed = false;

  constructor(private readonly db: SqliteDatabase) {}

  /** @returns lets it go; may be called again */
  hold(): () => void {
    if (this.holds === 0) {
      this.checkpoint();
      this.db.pragma('wal_autocheckpoint = 0');
    }
    this.holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.holds--;
      if (this.holds > 0) return;
      this.db.pragma(`wal_autocheckpoint = ${CHECKPOINT_AFTER}`);
      if (this.isOwed) this.checkpoint();
      this.isOwed = false;
    };
  }

  /** Moves everything into the file, and leaves nothing in the log: now, or once it is let go. */
  checkpoint(): void {
    if (this.holds === 0) this.db.pragma('wal_checkpoint(TRUNCATE)');
    else this.isOwed = true;
  }
}
