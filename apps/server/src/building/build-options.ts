import type { Stores } from '@latchkey/database';
import type { EventStore } from '@latchkey/event-sourcing';
import type { Clock, Config, Logger } from '@latchkey/platform';
import type { Turns } from './turns';

/** What views are built with. */
export interface BuildOptions {
  readonly store: EventStore;
  readonly stores: Pick<Stores<unknown>, 'views' | 'audit' | 'feed' | 'vault'>;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the threads of one build have to do with each other. */
export interface Beside {
  /** Whose turn it is to look at a share of the agenda. */
  readonly turns: Turns;
  /** To be called when the views are folded: what waits in the agenda can be put off. */
  readonly viewsAreFolded: () => void;
  /** Whether another thread has folded them; false where it has ended, and at once where there is none. */
  readonly othersViews: Promise<boolean>;
}
