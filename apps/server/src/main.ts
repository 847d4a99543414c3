import './require-node';
import 'reflect-metadata';
import { isLateAnswer, isLeftByClient } from '@latchkey/event-sourcing';
import { ConfigError, createLogger, loadConfig, StartupError } from '@latchkey/platform';
import { Command } from 'commander';
import { listening, welcome } from './banner';
import { endWithParent } from './parent';
import { startServer } from './server';

/** However much there is to finish, a stop takes no longer, ms: less than what Docker allows before it kills. */
const STOP_WITHIN_MS = 9_500;
/** What has nothing left to answer ends within this long, or with the process, ms. */
const END_WITHIN_MS = 1_700;

// Other promises report those appends to their callers; anything else ends the process, as it would without this.
process.on('unhandledRejection', (rejection) => {
  if (!isLeftByClient(rejection)) throw rejection;
});

// The same for an answer that comes too late for them: the stream that it broke off is given up by its deadline.
process.on('uncaughtException', (exception) => {
  if (isLateAnswer(exception)) return;
  console.error(exception);
  process.exit(1);
});

/** What follows `npm start --`. */
function readOptions(): { resetClock?: boolean } {
  return new Command('npm start --')
    .description('Runs the server. Settings come from the environment: README.md lists them.')
    .option('--reset-clock', "brings the sandbox's clock back to this machine's time")
    .allowExcessArguments(false)
    .parse()
    .opts();
}

async function main(): Promise<void> {
  const options = readOptions();
  const config = loadConfig(process.env);
  const logger = createLogger(config.logLevel);
  let stop: (code: number) => void = (code) => process.exit(code);
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));

  const server = await startServer(config, logger, options);
  let stopping = false;
  stop = (code) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(code), STOP_WITHIN_MS).unref();
    server.close(END_WITHIN_MS).then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ err: error }, 'could not stop in order');
        process.exit(code || 1);
      },
    );
  };
  endWithParent(() => stop(0));
  void server.failed.then((reason) => {
    logger.fatal(`stopping: ${reason}`);
    stop(1);
  });
  if (process.stdout.isTTY) process.stdout.write(welcome(server, Date.now()));
  else if (config.logLevel !== 'silent') createLogger('info').info(listening(server));
}

main().catch((error: unknown) => {
  const expected = error instanceof StartupError || error instanceof ConfigError;
  process.stderr.write(
    `latchkey: ${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
});
