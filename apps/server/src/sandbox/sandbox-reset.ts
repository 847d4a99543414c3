import { causedBy, isAbsence } from '@latchkey/event-sourcing';
import type { Records } from '@latchkey/database';
import {
  concludeAction,
  DeleteConnectedAccount,
  DeviceStreams,
  ListConnectedAccounts,
  requestAction,
  ResetSandbox,
} from '@latchkey/devices';
import type { Caller } from '@latchkey/http';
import { ApiError, derivedId, IDS, type Ids, RECORDS } from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { Mutex } from 'async-mutex';
import { Core } from '../core/core';
import { ConnectWebviewRecords } from '@latchkey/connect-webviews';
import { SandboxAccount } from './sandbox-account';

/** Names the workspace whose reset is under way. */
const UNDER_WAY = 'sandbox.reset';
const ACCOUNTS_AT_ONCE = 1000;

/**
 * Puts a sandbox workspace back to its beginning: its accounts, devices, codes and invitations go, and the workspace
 * that the sandbox began with gets its locks again. Its API keys, webhooks and settings stay, and so do past events.
 * Every step may be repeated, so a reset that a crash cut short is finished at the next start.
 */
@Injectable()
export class SandboxReset {
  private readonly mutex = new Mutex();

  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly core: Core,
    private readonly account: SandboxAccount,
    private readonly webviews: ConnectWebviewRecords,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /** One reset at a time: they share the lock cloud. */
  run(caller: Caller): Promise<void> {
    return this.mutex.runExclusive(() => this.reset(caller));
  }

  /** Finishes what a crash cut short. */
  async finish(): Promise<void> {
    const workspaceId = await this.records.settings.get(UNDER_WAY);
    if (workspaceId === null) return;
    await this.run({ workspaceId, actor: { type: 'system' }, requestId: this.ids.uuid() });
  }

  private async reset(caller: Caller): Promise<void> {
    const { workspaceId } = caller;
    await this.records.settings.set(UNDER_WAY, workspaceId);
    for (;;) {
      const query = new ListConnectedAccounts(workspaceId, {}, { limit: ACCOUNTS_AT_ONCE });
      const { items } = await this.queries.execute(query);
      if (items.length === 0) break;
      for (const { connected_account_id } of items) await this.deleteAccount(caller, connected_account_id);
    }
    await this.webviews.deleteOf(workspaceId);
    // Their codes are cleaned up after, PINs erased, before anything takes their place.
    await this.core.settle();
    if (workspaceId === this.account.workspaceId) await this.account.renew();
    await this.records.settings.delete(UNDER_WAY);
    await this.core.caughtUp();
  }

  private async deleteAccount(caller: Caller, accountId: string): Promise<void> {
    try {
      await this.commands.execute(new DeleteConnectedAccount(caller, accountId));
    } catch (error) {
      if (!isAbsence(error)) throw error;
      // Somebody else has deleted it since it was listed.
      await this.core.caughtUp();
    }
  }
}

@CommandHandler(ResetSandbox)
export class ResetSandboxHandler implements ICommandHandler<ResetSandbox> {
  constructor(
    private readonly resets: SandboxReset,
    private readonly streams: DeviceStreams,
    @Inject(RECORDS) private readonly records: Records,
  ) {}

  async execute({ caller }: ResetSandbox): Promise<{ actionAttemptId: string }> {
    const { workspaceId } = caller;
    if (!(await this.records.workspaces.get(workspaceId))?.isSandbox) {
      throw ApiError.badRequest('not_a_sandbox_workspace', 'Only a sandbox workspace can be reset.');
    }
    // The same for a request that is tried again.
    const actionAttemptId = derivedId(caller.requestId, 'reset of the sandbox');
    const { state: before } = await this.streams.attempts.load(actionAttemptId);
    if (before && before.outcome !== 'pending') return { actionAttemptId };
    const cause = causedBy(caller);
    const action = 'reset_sandbox_workspace' as const;
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      requestAction(attempt, { actionAttemptId, workspaceId, deviceId: null, action }),
    );
    await this.resets.run(caller);
    await this.streams.attempts.transact(actionAttemptId, cause, (attempt) =>
      concludeAction(attempt, 'success'),
    );
    return { actionAttemptId };
  }
}
