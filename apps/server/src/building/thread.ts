import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import { openStores } from '@latchkey/database';
import { readHistory, StreamHistory } from '@latchkey/embedded-eventstore';
import { EventStoreDb, isLeftByClient, positionToText } from '@latchkey/event-sourcing';
import { type Config, createLogger, SandboxClock, SystemClock } from '@latchkey/platform';
import { factsStore } from '../stores/facts-store';
import { type Part, ViewsBuild } from './build-views';
import { PagedHistory } from './paged-history';
import { Turns } from './turns';

/** What the thread is to do, and the server's settings for it. */
export interface ThreadOrder {
  readonly part: Part;
  readonly config: Config;
  /** Of the event store. */
  readonly address: string;
  /** The server's clock, as it read when the thread began, ms. */
  readonly now: number;
  /** The memory of `Turns`. */
  readonly turns: SharedArrayBuffer;
  /** Another thread folds the views. */
  readonly hasOtherViews: boolean;
}

/** What a thread is told. */
export type ThreadCall =
  | 'stop'
  /** Of the other thread, which folds the views. */
  | 'views-folded'
  | 'views-ended';

/** What a thread tells: how far it has got, and once that the views are folded. */
export type ThreadNews = ThreadProgress | 'views-folded';

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
async function build({ part, config, address, now, turns, hasOtherViews }: ThreadOrder): Promise<void> {
  const called = calls();
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
    // On PostgreSQL other instances may add to the agenda, which only the thread that folds it hears of.
    const helps = hasOtherViews && stores.views.engine === 'sqlite';
    const views = new ViewsBuild(
      part,
      { store, stores, config, clock, logger },
      {
        turns: new Turns(turns),
        viewsAreFolded: () => tellOthers('views-folded'),
        othersViews: helps ? called.viewsFolded : Promise.resolve(false),
      },
    );
    const tell = (): void => {
      const progress: ThreadProgress = views.runners.map(({ name, position, passedCount }) => ({
        ...{ name, passedCount },
        position: position && positionToText(position),
      }));
      tellOthers(progress);
    };
    void called.stopped.then(() => views.stop());
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

const tellOthers = (news: ThreadNews): void => parentPort?.postMessage(news);

/** What this thread is told from now on. */
function calls(): { readonly stopped: Promise<void>; readonly viewsFolded: Promise<boolean> } {
  let [stop, folded]: [() => void, (are: boolean) => void] = [() => undefined, () => undefined];
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const viewsFolded = new Promise<boolean>((resolve) => (folded = resolve));
  parentPort?.on('message', (call: ThreadCall) => {
    if (call === 'stop') stop();
    folded(call === 'views-folded');
  });
  return { stopped, viewsFolded };
}

void build(workerData as ThreadOrder);
