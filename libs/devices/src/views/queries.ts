import type { Page, PageRequest } from '@latchkey/platform';
import { Query } from '@nestjs/cqrs';
import type { SeamConnectedAccount } from './present-account';
import type { SeamDevice } from './present-device';

/** One device. Fails with 404 device_not_found. */
export class GetDevice extends Query<SeamDevice> {
  constructor(
    readonly workspaceId: string,
    readonly by: { deviceId: string } | { name: string },
  ) {
    super();
  }
}

export interface DeviceFilter {
  deviceIds?: readonly string[];
  connectedAccountId?: string;
  connectedAccountIds?: readonly string[];
  deviceType?: string;
  deviceTypes?: readonly string[];
  manufacturer?: string;
  /** Part of the name or of the id, in whatever case. */
  search?: string;
  /** ms */
  createdBefore?: number;
  /** No device has any of these yet: a filter on one finds nothing. */
  customerKey?: string;
  userIdentifierKey?: string;
  spaceId?: string;
  connectWebviewId?: string;
  customMetadataHas?: Readonly<Record<string, string | boolean>>;
}

/** Devices, in the order in which they were added. */
export class ListDevices extends Query<Page<SeamDevice>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: DeviceFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** One connected account. Fails with 404 connected_account_not_found. */
export class GetConnectedAccount extends Query<SeamConnectedAccount> {
  constructor(
    readonly workspaceId: string,
    readonly by: { connectedAccountId: string },
  ) {
    super();
  }
}

export interface ConnectedAccountFilter {
  /** Part of the name or of the id, in whatever case. */
  search?: string;
  /** No account has any of these yet: a filter on one finds nothing. */
  customerKey?: string;
  userIdentifierKey?: string;
  spaceId?: string;
  customMetadataHas?: Readonly<Record<string, string | boolean>>;
}

/** Connected accounts, in the order in which they were connected. */
export class ListConnectedAccounts extends Query<Page<SeamConnectedAccount>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: ConnectedAccountFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}
