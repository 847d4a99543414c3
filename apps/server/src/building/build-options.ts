import type { Stores } from '@latchkey/database';
import type { EventStore } from '@latchkey/event-sourcing';
import type { Clock, Config, Logger } from '@latchkey/platform';

/** What views are built with. */
export interface BuildOptions {
  readonly store: EventStore;
  readonly stores: Pick<Stores<unknown>, 'views' | 'audit' | 'feed' | 'vault'>;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}
