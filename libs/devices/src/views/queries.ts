import type { Page, PageRequest } from '@latchkey/platform';
import { Query } from '@nestjs/cqrs';
import type { SeamConnectedAccount } from './present-account';
import type { SeamActionAttempt } from './present-action';
import type { SeamDevice, SeamUnmanagedDevice } from './present-device';

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
  /** Part of its names, its ids or its metadata, in any case. */
  search?: string;
  /** ms */
  createdBefore?: number;
  customerKey?: string;
  connectWebviewId?: string;
  /** Every one of these entries. */
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

/** One device that is not managed. Fails with 404 device_not_found. */
export class GetUnmanagedDevice extends Query<SeamUnmanagedDevice> {
  constructor(
    readonly workspaceId: string,
    readonly by: { deviceId: string } | { name: string },
  ) {
    super();
  }
}

/** Devices that are not managed, in the order in which they were added. */
export class ListUnmanagedDevices extends Query<Page<SeamUnmanagedDevice>> {
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
  /** Part of its name, id, maker, customer key or metadata, in any case. */
  search?: string;
  customerKey?: string;
  /** Every one of these entries. */
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

/** Fails with 404 action_attempt_not_found. */
export class GetActionAttempt extends Query<SeamActionAttempt> {
  constructor(
    readonly workspaceId: string,
    readonly actionAttemptId: string,
  ) {
    super();
  }
}
