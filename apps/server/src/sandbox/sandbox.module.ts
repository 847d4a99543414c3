import { ConnectWebviewsModule } from '@latchkey/connect-webviews';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { provided } from '../provided';
import { EXAMPLES } from '../http';
import { ExampleIds } from './example-ids';
import { ResetSandboxController } from './reset-sandbox.controller';
import type { Sandbox } from './sandbox';
import { SandboxAccount } from './sandbox-account';
import { ResetSandboxHandler, SandboxReset } from './sandbox-reset';
import { SimulateUnmanagedAccessCodeHandler } from './simulate-code.handler';
import { SimulateKeypadHandler } from './simulate-keypad.handler';
import { SimulateAccountHandler, SimulateDeviceHandler } from './simulate.handlers';
import { Simulator } from './simulator';

/** What can be asked of a sandbox. Outside of one the endpoints are there, and the edge refuses them. */
@Global()
@Module({ controllers: [ResetSandboxController] })
export class SandboxModule {
  static with(sandbox: Sandbox | undefined): DynamicModule {
    if (!sandbox) return { module: SandboxModule };
    return {
      module: SandboxModule,
      imports: [ConnectWebviewsModule],
      providers: [
        provided(Simulator, sandbox.simulator),
        provided(SandboxAccount, sandbox.account),
        SimulateDeviceHandler,
        SimulateAccountHandler,
        SimulateKeypadHandler,
        SimulateUnmanagedAccessCodeHandler,
        SandboxReset,
        ResetSandboxHandler,
        ExampleIds,
        {
          provide: EXAMPLES,
          inject: [ExampleIds],
          useFactory: (ids: ExampleIds) => () => ids.read(),
        },
      ],
      exports: [EXAMPLES],
    };
  }
}
