const LOOK_EVERY_MS = 1_000;

/**
 * Run by npm, the server ends when npm is gone: nobody could stop it with Ctrl-C any more. Started in any other
 * way it is its own master.
 */
export function endWithParent(end: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, LOOK_EVERY_MS);
  timer.unref();
}
