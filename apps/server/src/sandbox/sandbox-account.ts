import type { Records } from '@latchkey/database';
import type { LockMaker, RoutedLockGateway } from '@latchkey/gateways';
import { type Clock, StartupError } from '@latchkey/platform';
import type { Core } from '../core/core';
import { connectSandboxAccount, logIn } from './provisioning';
import type { Simulator } from './simulator';

/** Set once the locks of the first start were there. */
const LOCKS_CAME = 'sandbox.locks_came';

/** The account that the sandbox workspace begins with, and its simulated locks. */
export class SandboxAccount {
  constructor(
    private readonly options: {
      readonly workspaceId: string;
      readonly core: Core;
      readonly records: Records;
      readonly maker: LockMaker;
      readonly simulator: Simulator;
      readonly gateway: RoutedLockGateway;
      readonly clock: Clock;
      /** Where the lock cloud's reports of the account go to. */
      readonly reportsAddress: (accountId: string) => Promise<string>;
    },
  ) {}

  get workspaceId(): string {
    return this.options.workspaceId;
  }

  /** Connects the account at the first start; later it is as it was left. */
  async open(): Promise<void> {
    await this.connect(false);
  }

  /** Back to the locks of the first start, with nothing on them. The account must have been deleted before. */
  async renew(): Promise<void> {
    await this.options.simulator.reset();
    await this.connect(true);
  }

  private async connect(anew: boolean): Promise<void> {
    const { core, records, maker, gateway, reportsAddress } = this.options;
    const accountId = await connectSandboxAccount({ ...this.options, anew });
    if (accountId === null) return;
    const address = await reportsAddress(accountId);
    const register = () => gateway.registerWebhook({ accountId, maker: maker.name }, address);
    let registered = await register();
    // Where its data were lost it knows nobody, and has other locks.
    const isNew = registered.kind !== 'answered';
    if (isNew) {
      await logIn(accountId, this.options);
      registered = await register();
    }
    if (registered.kind !== 'answered')
      throw new StartupError(`The lock cloud takes no webhook: ${registered.message}`);
    if (anew || isNew) await core.accountWatch.account(accountId);
    // Later, work that is due is done while requests are answered, as at any restart: after a rebuild locks are read back.
    const { settings } = records;
    if (!anew && !isNew && (await settings.get(LOCKS_CAME)) !== null) return;
    await core.settle();
    await core.caughtUp();
    await settings.set(LOCKS_CAME, accountId);
  }
}
