import { ListAccessCodes } from '@latchkey/access-codes';
import { ListConnectedAccounts, ListDevices } from '@latchkey/devices';
import { ListEvents } from '@latchkey/public-events';
import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { SandboxAccount } from './sandbox-account';

const FIRST = { limit: 1 };

/** Ids of the sandbox workspace's first device, account, code and event: what the page of docs is tried with. */
@Injectable()
export class ExampleIds {
  constructor(
    private readonly queries: QueryBus,
    private readonly account: SandboxAccount,
  ) {}

  /** By the name of the parameter that takes them; those of what is not there are left out. */
  async read(): Promise<Record<string, string>> {
    const { workspaceId } = this.account;
    const [devices, accounts, codes, events] = await Promise.all([
      this.queries.execute(new ListDevices(workspaceId, {}, FIRST)),
      this.queries.execute(new ListConnectedAccounts(workspaceId, {}, FIRST)),
      this.queries.execute(new ListAccessCodes(workspaceId, {}, FIRST)),
      this.queries.execute(new ListEvents(workspaceId, {}, 1)),
    ]);
    const ids = {
      device_id: devices.items[0]?.device_id,
      connected_account_id: accounts.items[0]?.connected_account_id,
      access_code_id: codes.items[0]?.access_code_id,
      event_id: events[0]?.event_id,
    };
    return Object.fromEntries(Object.entries(ids).filter((entry): entry is [string, string] => !!entry[1]));
  }
}
