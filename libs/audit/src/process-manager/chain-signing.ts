import type { Database } from '@latchkey/database';
import { DeciderStreams, type EventStore, type RecordedEvent, systemCause } from '@latchkey/event-sourcing';
import { type Clock, type Ids, type Logger, MINUTE } from '@latchkey/platform';
import type { Link } from '../chain/chain';
import {
  AUDIT_CHECKPOINT,
  checkpointCodec,
  type CheckpointEvent,
  checkpointFold,
  isDue,
} from '../chain/checkpoints';
import type { ChainSigner, SignedLink } from '../chain/signing';
import { type AuditTables, CHAINS } from '../views/audit-tables';
import { chainsOf } from '../views/chains';

/** How often to check whether a chain is due, ms by the wall clock. */
const LOOK_EVERY_MS = MINUTE;

export interface ChainSigningOptions {
  readonly store: EventStore;
  readonly database: Database<AuditTables>;
  readonly signer: ChainSigner;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** Signs the chains of workspaces now and then, in streams of their own. Any number of processes may do it at once. */
export class ChainSigning {
  private readonly streams: DeciderStreams<SignedLink | null, CheckpointEvent>;
  /** Workspaces whose chains have grown since they were checked. */
  private readonly grown = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: ChainSigningOptions) {
    const { store, clock, ids } = options;
    const category = AUDIT_CHECKPOINT;
    this.streams = new DeciderStreams({
      ...{ store, clock, ids, category },
      codec: checkpointCodec,
      fold: checkpointFold,
      cacheSize: 1_000,
    });
  }

  /** Starts checking, first every chain. */
  async work(): Promise<void> {
    const rows = await this.options.database.db.selectFrom(CHAINS).select('workspace_id').execute();
    for (const { workspace_id } of rows) this.grown.add(workspace_id);
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Facts were linked to their chains. */
  linked(events: readonly RecordedEvent[]): void {
    for (const { metadata } of events) this.grown.add(metadata.workspaceId);
  }

  /** Signs what is due. A failure is logged, and the same is tried again the next time. */
  look(): Promise<void> {
    return (this.looking ??= this.signDue().finally(() => (this.looking = undefined)));
  }

  private async signDue(): Promise<void> {
    const { database, logger } = this.options;
    const looked = [...this.grown];
    try {
      for (const [workspaceId, link] of await chainsOf(database.db, looked)) {
        this.grown.delete(workspaceId);
        if (!(await this.sign(workspaceId, link))) this.grown.add(workspaceId);
      }
    } catch (error) {
      for (const workspaceId of looked) this.grown.add(workspaceId);
      logger.warn({ err: error }, 'the chain of facts could not be signed; this is tried again');
    }
  }

  /** @returns whether all of it is signed now */
  private async sign(workspaceId: string, link: Link): Promise<boolean> {
    const cause = systemCause({ workspaceId, correlationId: workspaceId, causationId: 'checkpoint' });
    const { state } = await this.streams.transact(workspaceId, cause, (last, now) => {
      if (!isDue(last, link, now)) return [];
      const data = this.options.signer.sign(workspaceId, link, new Date(now).toISOString());
      return [{ type: 'ChainSigned' as const, data }];
    });
    return state !== null && state.length >= link.length;
  }
}
