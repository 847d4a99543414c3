import { LibsqlStatements } from '../engines/libsql-statements';

/** Takes note of every statement that is run on SQLite in this process, until `stop`. */
export function watchStatements(): { readonly seen: readonly string[]; stop(): void } {
  const seen: string[] = [];
  const { prototype } = LibsqlStatements;
  // Called with the statements that they are asked for, below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { get, runOnThread } = prototype;
  prototype.get = function (this: LibsqlStatements, text: string) {
    seen.push(text);
    return get.call(this, text);
  };
  prototype.runOnThread = function (this: LibsqlStatements, text: string, parameters: readonly unknown[]) {
    seen.push(text);
    return runOnThread.call(this, text, parameters);
  };
  return {
    seen,
    stop() {
      prototype.get = get;
      prototype.runOnThread = runOnThread;
    },
  };
}
