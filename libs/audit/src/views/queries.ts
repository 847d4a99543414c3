import type { Page, PageRequest } from '@latchkey/platform';
import { Query } from '@nestjs/cqrs';
import type { AuditEntry } from '../domain/entry';
import type { DoorChange, LockMoment, Opener } from '../domain/door';

/** The filters of a history; left out: all of the workspace. */
export interface HistoryFilter {
  readonly accessCodeId?: string;
  readonly deviceId?: string;
  readonly connectedAccountId?: string;
  readonly apiKeyId?: string;
  readonly requestId?: string;
  readonly eventTypes?: readonly string[];
  /** From this instant on, ms. */
  readonly since?: number;
  /** Up to this instant, itself excluded, ms. */
  readonly until?: number;
}

/** The most entries that one page holds. */
export const MOST_ENTRIES = 1_000;

/** Every fact about something, oldest first by our clock. */
export class GetHistory extends Query<Page<AuditEntry>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: HistoryFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

export interface DoorAt {
  /** The lock as it was known then; null: it was not known yet. */
  readonly lock: LockMoment | null;
  readonly openers: readonly Opener[];
}

/** Which codes opened a door at an instant, ms. Refused as absent where there is no such lock. */
export class GetDoorAt extends Query<DoorAt> {
  constructor(
    readonly workspaceId: string,
    readonly deviceId: string,
    readonly at: number,
  ) {
    super();
  }
}

/** An event at a door: what opens it changed, or the lock reported its use. */
export type AtDoor =
  { readonly is: 'change'; readonly change: DoorChange } | { readonly is: 'use'; readonly entry: AuditEntry };

/** A span of time at a door. */
export interface DoorSpan {
  readonly workspaceId: string;
  readonly deviceId: string;
  /** ms, itself excluded */
  readonly from: number;
  /** ms */
  readonly to: number;
}

/**
 * What happened at a door between two instants, ms, the first excluded. Refused as absent where there is no such lock.
 */
export class GetDoorBetween extends Query<Page<AtDoor>> {
  constructor(
    readonly workspaceId: string,
    readonly deviceId: string,
    readonly from: number,
    readonly to: number,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** The same without pages: in order, some at a time, read when they are taken. Refused before that in the same way. */
export class FollowDoorBetween extends Query<AsyncIterable<readonly AtDoor[]>> implements DoorSpan {
  constructor(
    readonly workspaceId: string,
    readonly deviceId: string,
    readonly from: number,
    readonly to: number,
  ) {
    super();
  }
}
