import { LibsqlStatements } from '../engines/libsql-statements';

/** Takes note of every statement that is run on SQLite in this process, until `stop`. */
export function watchStatements(): { readonly seen: readonly string[]; stop(): void } {
  const seen: string[] = [];
  const { prototype } = LibsqlStatements;
  // Called with the statements that it is asked for, below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const get = prototype.get;
  prototype.get = function (this: LibsqlStatements, text: string) {
    seen.push(text);
    return get.call(this, text);
  };
  return {
    seen,
    stop() {
      prototype.get = get;
    },
  };
}
