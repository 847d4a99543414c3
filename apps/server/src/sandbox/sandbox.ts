import { join } from 'node:path';
import type { Records } from '@latchkey/database';
import type { LockMaker } from '@latchkey/gateways';
import { type Clock, type Config, SandboxClock } from '@latchkey/platform';
import type { Webhooks } from '@latchkey/public-events';
import type { Core } from '../core/core';
import type { Parts } from '../start/core';
import type { Locks } from '../start/gateway';
import type { Started } from '../started';
import { spawnLockCloud } from './lock-cloud-process';
import { ownAddress } from './own-address';
import { openWorkspace, sandboxClient, sandboxMaker, type SandboxWorkspace } from './provisioning';
import { SandboxAccount } from './sandbox-account';
import { SandboxClockDriver } from './sandbox-clock';
import { Simulator } from './simulator';
import { together } from './timed';

/** The lock cloud, as a process of its own, and the lock maker that it plays. */
export async function openLockCloud(
  config: Config,
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  started: Started,
  resetClock: boolean,
): Promise<LockMaker> {
  const client = await sandboxClient(records);
  const child = await spawnLockCloud({
    host: config.host,
    port: config.lockCloudPort,
    dataDir: join(config.dataDir, 'lock-cloud'),
    resetClock,
    ...client,
  });
  started.addProcess('the lock cloud', child);
  return sandboxMaker(child.url, client, clock);
}

/** What the sandbox adds to a server: a workspace, simulated locks, and time that can be played. */
export interface Sandbox {
  readonly workspace: SandboxWorkspace;
  /** The lock cloud. */
  readonly maker: LockMaker;
  readonly simulator: Simulator;
  readonly account: SandboxAccount;
  readonly driver: SandboxClockDriver;
}

/** @param port where the server listens, once it does */
export async function openSandbox(
  { config, clock, ids, random, stores: { records } }: Parts,
  { maker, core, webhooks, locks }: { maker: LockMaker; core: Core; webhooks: Webhooks; locks: Locks },
  port: () => number,
  started: Started,
): Promise<Sandbox> {
  if (!(clock instanceof SandboxClock)) throw new Error('the sandbox needs a clock that can be set');
  const simulator = new Simulator(maker.baseUrl);
  started.add(() => simulator.close());
  const driver = new SandboxClockDriver({ clock, simulator, server: together(core, webhooks) });
  const workspace = await openWorkspace(records, config, { clock, ids, random });
  const account = new SandboxAccount({
    workspaceId: workspace.workspaceId,
    ...{ core, records, maker, simulator, gateway: locks.gateway, clock },
    reportsAddress: async (accountId) =>
      ownAddress(config.host, port()) +
      (await locks.reportAddresses.pathFor({ accountId, maker: maker.name })),
  });
  return { workspace, maker, simulator, account, driver };
}
