import {
  By,
  type Caller,
  MayBeRepeated,
  pageAsked,
  PAGINATION,
  Params,
  type Repeatable,
  RepeatableDeletes,
  SeamRoute,
} from '@latchkey/http';
import { ApiError, emptyPage } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  DeleteConnectedAccount,
  SimulateAccount,
  SyncConnectedAccount,
  UpdateConnectedAccount,
} from '../commands/commands';
import { laidOver } from '../domain/device-decisions';
import { type ConnectedAccountFilter, GetConnectedAccount, ListConnectedAccounts } from '../views/queries';
import { CONNECTED_ACCOUNT_SCHEMA } from './device.schema';
import {
  ConnectedAccountIdParams,
  DeleteConnectedAccountParams,
  GetConnectedAccountParams,
  ListConnectedAccountsParams,
  UpdateConnectedAccountParams,
} from './device-params';

/** /connected_accounts: the lock makers' accounts whose locks are managed here. */
@Controller()
export class ConnectedAccountsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly deletes: RepeatableDeletes,
  ) {}

  @SeamRoute('/connected_accounts/get', ['GET'], {
    summary: 'One connected account',
    answer: { connected_account: CONNECTED_ACCOUNT_SCHEMA },
    params: GetConnectedAccountParams,
  })
  async get(
    @By() { workspaceId }: Caller,
    @Params(GetConnectedAccountParams) params: GetConnectedAccountParams,
  ) {
    const { connected_account_id: connectedAccountId, email } = params;
    if (connectedAccountId === undefined) {
      // Lock makers do not report the address of an account's owner, so no account is found by one.
      if (email !== undefined) throw ApiError.notFound('connected_account');
      throw ApiError.invalidInput('Say which connected account.', { connected_account_id: 'is required' });
    }
    const query = new GetConnectedAccount(workspaceId, { connectedAccountId });
    return { connected_account: await this.queries.execute(query) };
  }

  @SeamRoute('/connected_accounts/list', ['GET'], {
    summary: 'Connected accounts, in the order in which they were connected',
    answer: { connected_accounts: { listOf: CONNECTED_ACCOUNT_SCHEMA }, pagination: PAGINATION },
    params: ListConnectedAccountsParams,
  })
  async list(
    @By() { workspaceId }: Caller,
    @Params(ListConnectedAccountsParams) params: ListConnectedAccountsParams,
  ) {
    // There are no spaces here, and no users of integrations.
    const none = (params.space_id ?? params.user_identifier_key) !== undefined;
    const query = new ListConnectedAccounts(workspaceId, filterOf(params), pageAsked(params));
    const { items, pagination } = none ? emptyPage() : await this.queries.execute(query);
    return { connected_accounts: items, pagination };
  }

  @SeamRoute('/connected_accounts/update', ['PATCH'], {
    summary: 'Names an account, stores metadata with it, or sets what becomes of its new locks',
    answer: { connected_account: CONNECTED_ACCOUNT_SCHEMA },
    params: UpdateConnectedAccountParams,
  })
  async update(
    @By() caller: Caller,
    @Params(UpdateConnectedAccountParams) params: UpdateConnectedAccountParams,
  ) {
    const { connected_account_id: connectedAccountId, custom_metadata: metadata } = params;
    const wanted = {
      displayName: params.display_name,
      customMetadata: metadata && laidOver({}, metadata),
      customerKey: params.customer_key,
      managesNewDevices: params.automatically_manage_new_devices,
      acceptedCapabilities: params.accepted_capabilities,
    };
    await this.commands.execute(new UpdateConnectedAccount(caller, connectedAccountId, wanted));
    const query = new GetConnectedAccount(caller.workspaceId, { connectedAccountId });
    return { connected_account: await this.queries.execute(query) };
  }

  @SeamRoute('/connected_accounts/delete', ['DELETE'], {
    summary: 'Deletes an account, its devices and their codes here; its locks are left as they are',
    params: DeleteConnectedAccountParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(DeleteConnectedAccountParams) { connected_account_id }: DeleteConnectedAccountParams,
  ) {
    await this.deletes.run(caller, repeatable, connected_account_id, () =>
      this.commands.execute(new DeleteConnectedAccount(caller, connected_account_id)),
    );
    return {};
  }

  @SeamRoute('/connected_accounts/sync', ['POST'], {
    summary: 'Asks an account for its locks now, those included that were deleted here',
    params: ConnectedAccountIdParams,
  })
  async sync(@By() caller: Caller, @Params(ConnectedAccountIdParams) params: ConnectedAccountIdParams) {
    await this.commands.execute(new SyncConnectedAccount(caller, params.connected_account_id));
    return {};
  }

  @SeamRoute('/connected_accounts/simulate/disconnect', ['POST'], {
    summary: 'Takes away the grant of a simulated account',
    params: ConnectedAccountIdParams,
    sandboxOnly: true,
  })
  disconnect(@By() caller: Caller, @Params(ConnectedAccountIdParams) params: ConnectedAccountIdParams) {
    return this.simulate(caller, params.connected_account_id, 'disconnect');
  }

  @SeamRoute('/connected_accounts/simulate/connect', ['POST'], {
    summary: 'Gives a simulated account its grant back',
    params: ConnectedAccountIdParams,
    sandboxOnly: true,
  })
  connect(@By() caller: Caller, @Params(ConnectedAccountIdParams) params: ConnectedAccountIdParams) {
    return this.simulate(caller, params.connected_account_id, 'connect');
  }

  private async simulate(caller: Caller, accountId: string, what: SimulateAccount['what']) {
    await this.commands.execute(new SimulateAccount(caller, accountId, what));
    return {};
  }
}

function filterOf(params: ListConnectedAccountsParams): ConnectedAccountFilter {
  const filter: ConnectedAccountFilter = {
    search: params.search,
    customerKey: params.customer_key,
    customMetadataHas: params.custom_metadata_has,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
