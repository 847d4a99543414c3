import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import { openStores } from '@latchkey/database';
import { readHistory, StreamHistory } from '@latchkey/embedded-eventstore';
import { EventStoreDb, isLeftByClient, positionToText } from '@latchkey/event-sourcing';
import { type Config, createLogger, SandboxClock, SystemClock } from '@latchkey/platform';
import { factsStore } from '../stores/facts-store';
import { type Part, ViewsBuild } from './build-views';
import { PagedHistory } from './paged-history';

/** What the thread is to do, and the server's settings for it. */
export interface ThreadOrder {
  readonly part: Part;
  readonly config: Config;
  /** Of the event store. */
  readonly address: string;
  /** The server's clock, as it read when the thread began, ms. */
  readonly now: number;
}

/** How far it has got, by the names of views. */
export type ThreadProgress = readonly {
  readonly name: string;
  readonly position: string | undefined;
  readonly passedCount: number;
}[];

const TELL_EVERY_MS = 250;

process.on('unhandledRejection', (rejection) => {
  if (!isLeftByClient(rejection)) throw rejection;
});

/** Builds the views of one part in a thread of the server's, on connections of its own. */
async function build({ part, config, address, now }: ThreadOrder): Promise<void> {
  const logger = createLogger(config.logLevel);
  const running = config.sandboxClock === 'running';
  const clock = config.sandbox ? new SandboxClock({ now, running }) : new SystemClock();
  const stores = await openStores(config, { alone: true });
  const bare = new EventStoreDb(address);
  const streams = new StreamHistory(address);
  try {
    const history = new PagedHistory(
      bare,
      (request) => readHistory(address, request),
      (request) => streams.pages(request),
    );
    // In pages only our own node hands it over.
    const { store } = await factsStore(config.eventstoreUrl === undefined ? history : bare, config, stores);
    const views = new ViewsBuild(part, { store, stores, config, clock, logger });
    const tell = (): void => {
      const progress: ThreadProgress = views.runners.map(({ name, position, passedCount }) => ({
        ...{ name, passedCount },
        position: position && positionToText(position),
      }));
      parentPort?.postMessage(progress);
    };
    parentPort?.once('message', () => void views.stop());
    const telling = setInterval(tell, TELL_EVERY_MS);
    try {
      await views.run();
      tell();
    } finally {
      clearInterval(telling);
    }
  } finally {
    streams.close();
    await bare.close();
    await stores.close();
    // It would wait for orders for ever.
    parentPort?.close();
  }
}

void build(workerData as ThreadOrder);
