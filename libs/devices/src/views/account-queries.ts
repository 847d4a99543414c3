import { Refusal } from '@latchkey/event-sourcing';
import { between, type Database, inSteps, inWindows } from '@latchkey/database';
import { type Page, pageOf, type RowKey, startOf, VIEWS_DATABASE } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Account } from '../domain/account';
import { ACCOUNTS, type DevicesTables } from './devices-projection';
import { presentAccount, type SeamConnectedAccount } from './present-account';
import { GetConnectedAccount, ListConnectedAccounts } from './queries';
import { contains, hasMetadata } from './read-devices';

function visible({ db }: Database<DevicesTables>, workspaceId: string) {
  return db
    .selectFrom(ACCOUNTS)
    .select(['account_id as id', 'listed_at as at', 'state'])
    .where('workspace_id', '=', workspaceId)
    .where('removed', '=', 0);
}

const present = (row: { state: string }) => presentAccount(JSON.parse(row.state) as Account);

@QueryHandler(GetConnectedAccount)
export class GetConnectedAccountHandler implements IQueryHandler<GetConnectedAccount> {
  constructor(@Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>) {}

  async execute({ workspaceId, by }: GetConnectedAccount): Promise<SeamConnectedAccount> {
    const row = await visible(this.views, workspaceId)
      .where('account_id', '=', by.connectedAccountId)
      .executeTakeFirst();
    if (!row) throw Refusal.absent('connected account');
    return present(row);
  }
}

@QueryHandler(ListConnectedAccounts)
export class ListConnectedAccountsHandler implements IQueryHandler<ListConnectedAccounts> {
  constructor(@Inject(VIEWS_DATABASE) private readonly views: Database<DevicesTables>) {}

  async execute({ workspaceId, filter, page }: ListConnectedAccounts): Promise<Page<SeamConnectedAccount>> {
    const scope = { list: 'connected_accounts', workspaceId, ...filter };
    return inSteps(page, async (step) => {
      const after = startOf(step, scope);
      const rows = await inWindows(
        { after, limit: step.limit + 1 },
        (from, far) =>
          this.inOrder(workspaceId, from)
            .select(['listed_at as at', 'account_id as id'])
            .offset(far - 1)
            .limit(1)
            .executeTakeFirst(),
        (from, upTo, limit) => this.read(workspaceId, filter, from, upTo, limit),
      );
      return pageOf(rows, step, scope, (row) => row, present);
    });
  }

  private inOrder(workspaceId: string, after: RowKey, upTo?: RowKey) {
    return this.views.db
      .selectFrom(ACCOUNTS)
      .where('workspace_id', '=', workspaceId)
      .where(between({ at: 'listed_at', id: 'account_id' }, after, upTo))
      .orderBy('listed_at')
      .orderBy('account_id');
  }

  private read(
    workspaceId: string,
    { search, customerKey, customMetadataHas: metadata = {} }: ListConnectedAccounts['filter'],
    after: RowKey,
    upTo: RowKey | undefined,
    limit: number,
  ) {
    let query = this.inOrder(workspaceId, after, upTo)
      .select(['account_id as id', 'listed_at as at', 'state'])
      .where('removed', '=', 0)
      .limit(limit);
    if (customerKey !== undefined) query = query.where('customer_key', '=', customerKey);
    if (Object.keys(metadata).length > 0)
      query = query.where(hasMetadata(`${ACCOUNTS}.account_id`, metadata));
    if (search !== undefined) {
      query = query.where((eb) => eb.or([contains('search_text', search), contains('account_id', search)]));
    }
    return query.execute();
  }
}
