import { causedBy, laterPosition, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Account, removeAccount, requestSync, updateAccount } from '../domain/account';
import { AccountWatch } from '../process-manager/account-watch';
import { Departures } from '../process-manager/departures';
import { DeviceStreams } from '../streams';
import { DeleteConnectedAccount, SyncConnectedAccount, UpdateConnectedAccount } from './commands';

/** The account, if it is the workspace's and was not deleted. */
async function ownAccount(streams: DeviceStreams, workspaceId: string, accountId: string): Promise<Account> {
  const { state: account } = await streams.accounts.load(accountId);
  if (account?.workspaceId !== workspaceId || account.removedAt !== null) {
    throw Refusal.absent('connected account');
  }
  return account;
}

@CommandHandler(UpdateConnectedAccount)
export class UpdateConnectedAccountHandler implements ICommandHandler<UpdateConnectedAccount> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
  ) {}

  async execute({ caller, connectedAccountId, wanted }: UpdateConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    const decided = await this.streams.accounts.transact(connectedAccountId, causedBy(caller), (account) =>
      updateAccount(account, wanted),
    );
    await this.views.reached(decided.position);
  }
}

/** How many devices are deleted within the request that deletes their account; the others are hidden, and follow. */
const DEVICES_AT_ONCE = 48;

/** Records first that the account is gone: what is not done here, the watch does. */
@CommandHandler(DeleteConnectedAccount)
export class DeleteConnectedAccountHandler implements ICommandHandler<DeleteConnectedAccount> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, connectedAccountId }: DeleteConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    const cause = causedBy(caller);
    const { position } = await this.streams.accounts.transact(connectedAccountId, cause, removeAccount);
    const latest = await this.departures.ofAccount(connectedAccountId, cause, DEVICES_AT_ONCE);
    await this.views.reached(laterPosition(position, latest));
  }
}

/** The request is recorded first, so that it is carried out even if this process ends before. */
@CommandHandler(SyncConnectedAccount)
export class SyncConnectedAccountHandler implements ICommandHandler<SyncConnectedAccount> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly watch: AccountWatch,
  ) {}

  async execute({ caller, connectedAccountId }: SyncConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    await this.streams.accounts.transact(connectedAccountId, causedBy(caller), requestSync);
    await this.watch.account(connectedAccountId);
    await this.views.caughtUp();
  }
}

/** Handlers of the commands for connected accounts. */
export const accountHandlers = [
  UpdateConnectedAccountHandler,
  DeleteConnectedAccountHandler,
  SyncConnectedAccountHandler,
];
