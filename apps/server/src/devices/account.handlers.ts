import { AccountWatch, Departures, Streams, STREAMS, VIEWS, type Views } from '@latchkey/access-codes';
import {
  type Account,
  DeleteConnectedAccount,
  OtherCustomer,
  removeAccount,
  requestSync,
  SyncConnectedAccount,
  updateAccount,
  UpdateConnectedAccount,
} from '@latchkey/devices';
import { ApiError } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { causeOf } from './cause';

/** The account, if it is the workspace's and was not deleted. */
async function ownAccount(streams: Streams, workspaceId: string, accountId: string): Promise<Account> {
  const { state: account } = await streams.accounts.load(accountId);
  if (account?.workspaceId !== workspaceId || account.removedAt !== null) {
    throw ApiError.notFound('connected_account');
  }
  return account;
}

@CommandHandler(UpdateConnectedAccount)
export class UpdateConnectedAccountHandler implements ICommandHandler<UpdateConnectedAccount> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
  ) {}

  async execute({ caller, connectedAccountId, wanted }: UpdateConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    try {
      const decided = await this.streams.accounts.transact(connectedAccountId, causeOf(caller), (account) =>
        updateAccount(account, wanted),
      );
      await this.views.reached(decided.position);
    } catch (error) {
      if (!(error instanceof OtherCustomer)) throw error;
      throw ApiError.invalidInput(error.message, { customer_key: 'is given once, and stays' });
    }
  }
}

/** Writes down that the account is gone first: should anything keep the rest from being done, the watch does it. */
@CommandHandler(DeleteConnectedAccount)
export class DeleteConnectedAccountHandler implements ICommandHandler<DeleteConnectedAccount> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    private readonly departures: Departures,
  ) {}

  async execute({ caller, connectedAccountId }: DeleteConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    const cause = causeOf(caller);
    const { position } = await this.streams.accounts.transact(connectedAccountId, cause, removeAccount);
    const latest = await this.departures.ofAccount(connectedAccountId, cause);
    await this.views.reached(latest ?? position);
  }
}

/** The wish is written down first, so that it is fulfilled even if this process ends in the middle. */
@CommandHandler(SyncConnectedAccount)
export class SyncConnectedAccountHandler implements ICommandHandler<SyncConnectedAccount> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    private readonly watch: AccountWatch,
  ) {}

  async execute({ caller, connectedAccountId }: SyncConnectedAccount): Promise<void> {
    await ownAccount(this.streams, caller.workspaceId, connectedAccountId);
    await this.streams.accounts.transact(connectedAccountId, causeOf(caller), requestSync);
    await this.watch.account(connectedAccountId);
    await this.views.caughtUp();
  }
}

/** Handlers of what is asked of connected accounts. */
export const accountHandlers = [
  UpdateConnectedAccountHandler,
  DeleteConnectedAccountHandler,
  SyncConnectedAccountHandler,
];
