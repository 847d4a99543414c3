import { createHmac, randomBytes } from 'node:crypto';
import type { Core } from '../core/core';
import type { Records } from '@latchkey/database';
import { connect } from '@latchkey/devices';
import { systemCause } from '@latchkey/event-sourcing';
import { exchangeCode, type LockMaker } from '@latchkey/gateways';
import { type Clock, type Config, derivedId, type Ids, type Random, StartupError } from '@latchkey/platform';
import { sandboxKey } from './sandbox-key';
import type { Simulator } from './simulator';

export const SANDBOX_MAKER = 'lock-cloud';

export interface SandboxWorkspace {
  readonly workspaceId: string;
  readonly apiKey: string;
}

/** The client that we are at the lock cloud; drawn once. */
export async function sandboxClient(records: Records): Promise<{ clientId: string; clientSecret: string }> {
  const clientSecret = await records.settings.setSecretIfAbsent(
    'sandbox.client_secret',
    randomBytes(24).toString('hex'),
  );
  return { clientId: 'latchkey', clientSecret };
}

/** What a lock cloud whose clock stands is told with each request: the instant at which it is asked. */
const AT = 'x-simulated-now';

/**
 * The lock cloud as a lock maker. It shows each workspace its own accounts alone, so it is told which one asks.
 * @param clock by which it is asked
 */
export function sandboxMaker(
  url: string,
  client: { clientId: string; clientSecret: string },
  clock: Pick<Clock, 'now'>,
): LockMaker {
  const signature = (workspaceId: string) =>
    createHmac('sha256', client.clientSecret).update(workspaceId).digest('base64url');
  return {
    name: SANDBOX_MAKER,
    displayName: 'Latchkey Lock Cloud',
    baseUrl: url,
    ...client,
    headers: () => ({ [AT]: String(clock.now()) }),
    loginHint: (workspaceId) => `${workspaceId}.${signature(workspaceId)}`,
  };
}

/** Makes, or finds, the sandbox workspace and its API key. */
export async function openWorkspace(
  records: Records,
  config: Config,
  parts: { clock: Clock; ids: Ids; random: Random },
): Promise<SandboxWorkspace> {
  const { clock, ids } = parts;
  const workspaceId = await records.settings.setIfAbsent('sandbox.workspace_id', ids.uuid());
  if (!(await records.workspaces.get(workspaceId))) {
    await records.workspaces.create({
      workspaceId,
      name: 'Sandbox',
      isSandbox: true,
      settings: { expired_codes: config.expiredCodes },
      createdAt: clock.now(),
    });
  }
  const apiKey = await sandboxKey(records, workspaceId, config, parts);
  return { workspaceId, apiKey };
}

/**
 * Connects the workspace to the lock cloud's account, whose locks become its devices. Again: changes nothing, also
 * where the account has been deleted since, unless it is to be `anew`.
 * @returns the account's id; null where it was deleted
 */
export async function connectSandboxAccount(options: {
  readonly workspaceId: string;
  readonly core: Core;
  readonly records: Records;
  readonly maker: LockMaker;
  readonly simulator: Simulator;
  readonly clock: Clock;
  readonly anew?: boolean;
}): Promise<string | null> {
  const { workspaceId, core, records, maker, simulator } = options;
  await simulator.own(workspaceId);
  const accountId = derivedId(workspaceId, 'sandbox account');
  const { state: account } = await core.streams.accounts.load(accountId);
  if (account && account.removedAt !== null && !options.anew) return null;
  if (!(await records.accountTokens.get(accountId))) await logIn(accountId, options);
  if (!account || account.removedAt !== null) {
    const cause = systemCause({ workspaceId, correlationId: accountId, causationId: 'sandbox' });
    await core.streams.accounts.transact(accountId, cause, (state) =>
      connect(state, { accountId, workspaceId, maker: maker.name, displayName: 'Sandbox' }),
    );
  }
  return accountId;
}

/** Gets tokens of the account from the lock cloud, in place of those that there may be. */
export async function logIn(
  accountId: string,
  parts: {
    readonly records: Records;
    readonly maker: LockMaker;
    readonly simulator: Simulator;
    readonly clock: Clock;
  },
): Promise<void> {
  const code = await parts.simulator.authorize();
  const tokens = await exchangeCode(parts.maker, { code }, { clock: parts.clock });
  if (tokens.kind !== 'answered') throw new StartupError(`The lock cloud gave no tokens: ${tokens.message}`);
  await parts.records.accountTokens.put(accountId, tokens.value);
}
