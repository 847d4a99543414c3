import {
  AccessCodesModule,
  AgendaRows,
  BackupPool,
  CleanUp,
  DeviceWatch,
  LockReports,
  ReportIntake,
  Streams,
} from '@latchkey/access-codes';
import { AUDIT_VIEW, AuditModule, type AuditView } from '@latchkey/audit';
import { ConnectWebviewsModule } from '@latchkey/connect-webviews';
import type { Database, Records } from '@latchkey/database';
import {
  AccountWatch,
  Departures,
  DevicesModule,
  DeviceStreams,
  LocalConnections,
  ReportAddresses,
} from '@latchkey/devices';
import {
  type EventStore,
  type PersistentSubscriptions,
  READ_BARRIER,
  type ReadBarrier,
  VIEW_BARRIER,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import type { LockGateway, LockSystem } from '@latchkey/gateways';
import {
  AUDIT_DATABASE,
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  EVENT_STORE,
  FEED_DATABASE,
  GATEWAY,
  type Ids,
  IDS,
  LOCK_MAKERS,
  type Logger,
  LOGGER,
  PERSISTENT_SUBSCRIPTIONS,
  type Random,
  RANDOM,
  RECORDS,
  RECORDS_DATABASE,
  type Vault,
  VAULT,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import {
  FEED_VIEW,
  type FeedView,
  FeedTail,
  PublicEventsModule,
  SUBSCRIBER_LOGINS,
  type SubscriberLogins,
  WEBHOOK_DELIVERIES,
  type WebhookDeliveries,
} from '@latchkey/public-events';
import { RetentionModule } from '@latchkey/retention';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Core } from './core/core';
import { HttpModule, SANDBOX_CLOCK, type SandboxClockPort } from './http';
import { ParkedEventsModule } from './parked/parked-events.module';
import { provided, providedByToken } from './provided';
import type { Sandbox } from './sandbox/sandbox';
import { SandboxModule } from './sandbox/sandbox.module';

/** What each token stands for. */
export interface TokenParts {
  readonly [CONFIG]: Config;
  readonly [CLOCK]: Clock;
  readonly [IDS]: Ids;
  readonly [RANDOM]: Random;
  readonly [LOGGER]: Logger;
  readonly [VAULT]: Vault;
  readonly [RECORDS]: Records;
  readonly [RECORDS_DATABASE]: Database<unknown>;
  readonly [VIEWS_DATABASE]: Database<unknown>;
  readonly [FEED_DATABASE]: Database<unknown>;
  readonly [AUDIT_DATABASE]: Database<unknown>;
  readonly [AUDIT_VIEW]: AuditView;
  readonly [FEED_VIEW]: FeedView;
  readonly [EVENT_STORE]: EventStore;
  readonly [PERSISTENT_SUBSCRIPTIONS]: PersistentSubscriptions;
  readonly [SUBSCRIBER_LOGINS]: SubscriberLogins | undefined;
  readonly [VIEW_BARRIER]: ViewBarrier;
  readonly [READ_BARRIER]: ReadBarrier;
  readonly [GATEWAY]: LockGateway;
  readonly [LOCK_MAKERS]: ReadonlyMap<string, LockSystem>;
  readonly [WEBHOOK_DELIVERIES]: WebhookDeliveries;
  readonly [SANDBOX_CLOCK]: SandboxClockPort | undefined;
}

/** What the composition root made. */
export interface ServerParts {
  readonly tokens: TokenParts;
  readonly core: Core;
  readonly tail: FeedTail;
  readonly reportAddresses: ReportAddresses;
  readonly connections: LocalConnections;
  readonly sandbox: Sandbox | undefined;
}

/** Everything that features ask for and do not make themselves. */
@Global()
@Module({})
class PartsModule {
  static with({ tokens, core, tail, reportAddresses, connections }: ServerParts): DynamicModule {
    const providers = [
      ...providedByToken(tokens),
      provided(Core, core),
      provided(FeedTail, tail),
      provided(Streams, core.streams),
      provided(DeviceStreams, core.deviceStreams),
      provided(ReportAddresses, reportAddresses),
      provided(LocalConnections, connections),
      provided(AgendaRows, core.rows),
      provided(LockReports, core.reports),
      provided(DeviceWatch, core.deviceWatch),
      provided(BackupPool, core.backups),
      provided(CleanUp, core.cleanUp),
      provided(AccountWatch, core.accountWatch),
      provided(Departures, core.departures),
    ];
    const given = providers.map(({ provide }) => provide);
    return {
      module: PartsModule,
      providers: [...providers, ReportIntake],
      exports: [...given, ReportIntake],
    };
  }
}

/** The server: the edge, and a module for each feature. */
@Module({})
export class AppModule {
  static with(parts: ServerParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        CqrsModule.forRoot(),
        PartsModule.with(parts),
        HttpModule,
        AccessCodesModule,
        DevicesModule,
        ConnectWebviewsModule,
        PublicEventsModule,
        AuditModule,
        RetentionModule,
        ParkedEventsModule,
        SandboxModule.with(parts.sandbox),
      ],
    };
  }
}
