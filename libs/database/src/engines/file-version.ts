import type Libsql from 'libsql';

/**
 * A number that changes whenever another connection has changed the file. It is read once in a turn of the event loop:
 * several requests, each of which asks several times, are served in one.
 */
export class FileVersion {
  private statement: Libsql.Statement | undefined;
  private ofTurn: number | undefined;
  private held: number | undefined;

  constructor(private readonly connection: Libsql.Database) {}

  get current(): number {
    const known = this.held ?? this.ofTurn;
    if (known !== undefined) return known;
    this.ofTurn = this.read();
    setImmediate(() => (this.ofTurn = undefined));
    return this.ofTurn;
  }

  /**
   * Until it is released the version is what it is now: reading it would wait for what one of libsql's threads does on
   * the connection meanwhile, some milliseconds, and nobody else can write while that is writing.
   */
  hold(): () => void {
    this.held = this.read();
    return () => {
      this.held = undefined;
      this.ofTurn = undefined;
    };
  }

  private read(): number {
    this.statement ??= this.connection.prepare('pragma data_version').raw(true);
    const [version] = this.statement.get() as [number];
    return version;
  }
}
