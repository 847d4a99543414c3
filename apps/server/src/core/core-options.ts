import type { Database } from '@latchkey/database';
import type { EventStore, Projection } from '@latchkey/event-sourcing';
import type { LockGateway } from '@latchkey/gateways';
import type { Clock, ClockWatch, Config, Ids, Logger, Random, Vault } from '@latchkey/platform';

import type { OnLockAnswer } from './counted-gateway';

/** What the core is made of. */
export interface CoreOptions {
  readonly config: Config;
  readonly store: EventStore;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly database: Database<any>;
  readonly vault: Vault;
  readonly gateway: LockGateway;
  readonly clock: Clock;
  /** Notices when the clock is set; left out where it can't be. */
  readonly clockWatch?: ClockWatch | undefined;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  /** The views that queries read, beside the agenda. */
  readonly views: readonly Projection[];
  /** What tells integrations of it all; a test may do without. */
  readonly feed?: {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly database: Database<any>;
    readonly translator: Projection;
    readonly projection: Projection;
  };
  /** Told of each command to a lock that was answered. */
  readonly onLockAnswer?: OnLockAnswer | undefined;
  /** Finds facts again by what they are about; nobody waits for it but who asks it. */
  readonly audit?: {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly database: Database<any>;
    readonly projection: Projection;
  };
  /** Runs each look at a code, where these are followed by traces. */
  readonly onLook?: (<T>(codeId: string, look: () => Promise<T>) => Promise<T>) | undefined;
  readonly keepsExpired: (workspaceId: string) => Promise<boolean>;
  /** Erases what let us act for an account that was deleted. */
  readonly forgetAccount?: (accountId: string, maker: string) => Promise<void>;
}
