import { ConnectWebviewsModule } from '@latchkey/connect-webviews';
import {
  accessCodeControllers,
  accessCodeHttpHandlers,
  codeQueryHandlers,
  ConvertToManagedHandler,
  CreateAccessCodeHandler,
  DeleteAccessCodeHandler,
  DeleteUnmanagedAccessCodeHandler,
  LetGoOfAccessCodeHandler,
  PullBackupAccessCodeHandler,
  UpdateAccessCodeHandler,
} from '@latchkey/access-codes';
import {
  accountHandlers,
  actionHandlers,
  ConnectedAccountsController,
  deviceHandlers,
  deviceQueryHandlers,
  DevicesController,
  LocksController,
  UnmanagedDevicesController,
} from '@latchkey/devices';
import {
  eventQueryHandlers,
  EventsController,
  webhookHandlers,
  WebhooksController,
} from '@latchkey/public-events';
import { type DynamicModule, Global, type InjectionToken, Module } from '@nestjs/common';
import { EXAMPLES, HttpModule } from './http';
import { ExampleIds } from './sandbox/example-ids';
import { SimulateUnmanagedAccessCodeHandler } from './sandbox/simulate-code.handler';
import { ResetSandboxController } from './sandbox/reset-sandbox.controller';
import { ResetSandboxHandler, SandboxReset } from './sandbox/sandbox-reset';
import { SimulateAccountHandler, SimulateDeviceHandler } from './sandbox/simulate.handlers';
import { SimulateKeypadHandler } from './sandbox/simulate-keypad.handler';

/** What the composition root made itself, by the token that others ask for it by. */
export type Part = readonly [token: InjectionToken, value: unknown];

@Global()
@Module({})
class PartsModule {
  static with(parts: readonly Part[]): DynamicModule {
    return {
      module: PartsModule,
      providers: parts.map(([provide, useValue]) => ({ provide, useValue })),
      exports: parts.map(([token]) => token),
    };
  }
}

/** Every endpoint, and who handles what it asks. */
@Global()
@Module({})
export class AppModule {
  static with(options: { parts: readonly Part[]; sandbox: boolean }): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PartsModule.with(options.parts),
        ConnectWebviewsModule,
        HttpModule.with([
          ...accessCodeControllers,
          DevicesController,
          LocksController,
          UnmanagedDevicesController,
          ConnectedAccountsController,
          EventsController,
          WebhooksController,
          ResetSandboxController,
        ]),
      ],
      providers: [
        CreateAccessCodeHandler,
        UpdateAccessCodeHandler,
        DeleteAccessCodeHandler,
        ConvertToManagedHandler,
        LetGoOfAccessCodeHandler,
        PullBackupAccessCodeHandler,
        DeleteUnmanagedAccessCodeHandler,
        ...codeQueryHandlers,
        ...accessCodeHttpHandlers,
        ...deviceQueryHandlers,
        ...actionHandlers,
        ...deviceHandlers,
        ...accountHandlers,
        ...eventQueryHandlers,
        ...webhookHandlers,
        ...(options.sandbox
          ? [
              SimulateDeviceHandler,
              SimulateAccountHandler,
              SimulateKeypadHandler,
              SandboxReset,
              ResetSandboxHandler,
              SimulateUnmanagedAccessCodeHandler,
              ExampleIds,
              {
                provide: EXAMPLES,
                inject: [ExampleIds],
                useFactory: (ids: ExampleIds) => () => ids.read(),
              },
            ]
          : []),
      ],
      exports: options.sandbox ? [EXAMPLES] : [],
    };
  }
}
