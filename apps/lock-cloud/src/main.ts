import { readSettings } from './settings';
import { startLockCloud } from './index';

/**
 * Runs the lock cloud by itself, or as a child of the server: then the parent decides when it ends, by letting go of
 * it or being gone, and a Ctrl-C that reaches the whole group is left to the parent.
 */
async function main(): Promise<void> {
  const { endsWithParent, ...options } = readSettings(process.env);
  const cloud = await startLockCloud(options);
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    cloud.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  // A service that is stopped gets it in all of its processes; the parent answers first what it was asked.
  process.on('SIGTERM', () => endsWithParent || end());
  if (process.send) {
    process.on('SIGINT', () => undefined);
    process.on('disconnect', end);
  } else {
    process.on('SIGINT', end);
  }
  process.stdout.on('error', () => undefined);
  process.stdout.write(`PORT ${cloud.port}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`lock-cloud: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
