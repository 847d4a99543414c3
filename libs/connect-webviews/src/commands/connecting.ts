import type { Records } from '@latchkey/database';
import {
  AccountWatch,
  type AccountWishes,
  connect,
  CONNECT_WEBVIEW,
  Departures,
  DeviceStreams,
  loginCodec,
  type LoginEvent,
  LocalConnections,
  loginFold,
  OtherCustomer,
  ReportAddresses,
} from '@latchkey/devices';
import {
  type Cause,
  DeciderStreams,
  type EventStore,
  externalCause,
  VIEW_BARRIER,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import {
  authorizeUrl,
  exchangeCode,
  isLocal,
  isLockMaker,
  type LocalConnection,
  type LocalSystem,
  type LockSystem,
  type Refusal,
  type RoutedLockGateway,
} from '@latchkey/gateways';
import {
  type Clock,
  CLOCK,
  derivedId,
  EVENT_STORE,
  GATEWAY,
  IDS,
  type Ids,
  LOCK_MAKERS,
  type Logger,
  LOGGER,
  type Random,
  RANDOM,
  RECORDS,
} from '@latchkey/platform';
import { Inject, Injectable } from '@nestjs/common';
import { Addresses, callbackAt } from '../addresses';
import { challengeOf } from '../browser';
import { type ConnectWebview, ConnectWebviewRecords } from '../records/connect-webview-records';

/** The result of a login at a lock maker. */
export type Ending =
  | { readonly kind: 'connected'; readonly webview: ConnectWebview }
  | { readonly kind: 'failed'; readonly webview: ConnectWebview; readonly reason: string }
  /** Nobody set out from that browser, or it has come back before. */
  | { readonly kind: 'unknown' };

/** Takes the owner of an account to the lock maker's consent and back, and connects the account. */
@Injectable()
export class Connecting {
  private readonly logins: DeciderStreams<number, LoginEvent>;

  constructor(
    private readonly webviews: ConnectWebviewRecords,
    private readonly addresses: Addresses,
    @Inject(LOCK_MAKERS) private readonly makers: ReadonlyMap<string, LockSystem>,
    private readonly reportAddresses: ReportAddresses,
    private readonly connections: LocalConnections,
    private readonly streams: DeviceStreams,
    @Inject(GATEWAY) private readonly gateway: RoutedLockGateway,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    private readonly watch: AccountWatch,
    private readonly departures: Departures,
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(IDS) ids: Ids,
  ) {
    const shared = { store, clock, ids, cacheSize: 100 };
    this.logins = new DeciderStreams({
      ...shared,
      category: CONNECT_WEBVIEW,
      codec: loginCodec,
      fold: loginFold,
    });
  }

  /** The lock systems that a webview offers. */
  offered({ wishes }: ConnectWebview): LockSystem[] {
    const { acceptedProviders: accepted } = wishes;
    return [...this.makers.values()].filter(({ name }) => accepted.length === 0 || accepted.includes(name));
  }

  /**
   * @returns where to send the browser, and the secret that it is to keep and come back with; null where the webview
   *   does not offer that maker
   */
  async setOut(
    webview: ConnectWebview,
    provider: string,
  ): Promise<{ readonly address: string; readonly secret: string } | null> {
    const maker = this.offered(webview).find(({ name }) => name === provider);
    if (!isLockMaker(maker)) return null;
    const nonce = this.random.bytes(24).toString('base64url');
    const secret = this.random.bytes(32).toString('base64url');
    const challenge = challengeOf(secret);
    await this.webviews.setOut(webview.connectWebviewId, { provider: maker.name, nonce, challenge });
    const state = `${webview.connectWebviewId}.${nonce}`;
    const { workspaceId } = webview;
    const asked = { redirectUri: this.redirectUri(), state, workspaceId, codeChallenge: challenge };
    return { address: authorizeUrl(maker, asked), secret };
  }

  /** What the lock maker sent the browser back with. */
  async comeBack(query: {
    state?: string;
    code?: string;
    error?: string;
    /** The secret that the browser has kept for a webview; empty where it has none. */
    kept: (connectWebviewId: string) => string;
  }): Promise<Ending> {
    const [id = '', nonce = ''] = (query.state ?? '').split('.');
    const secret = query.kept(id);
    const awaited = nonce !== '' && secret !== '';
    const webview = awaited ? await this.webviews.comeBack(id, nonce, challengeOf(secret)) : null;
    const maker = webview?.provider ? this.makers.get(webview.provider) : undefined;
    if (!webview || !isLockMaker(maker)) return { kind: 'unknown' };
    if (query.code === undefined) return this.fail(webview, 'Access at the lock maker was not granted.');
    const grant = { code: query.code, redirectUri: this.redirectUri(), codeVerifier: secret };
    const tokens = await exchangeCode(maker, grant, { clock: this.clock });
    if (tokens.kind !== 'answered') {
      this.logger.warn({ maker: maker.name, kind: tokens.kind, reason: tokens.message }, 'no tokens');
      return this.fail(webview, `${maker.displayName} did not grant access. Please try again.`);
    }
    const accountId = await this.accountOf(webview.workspaceId, maker.name, tokens.value.userId);
    const keep = () => this.records.accountTokens.put(accountId, tokens.value);
    return this.finish(webview, maker, accountId, keep);
  }

  /**
   * Connects a local system with the given address and credentials, once these were tried. @param given left out where
   * the file has everything
   */
  async connectLocally(
    webview: ConnectWebview,
    system: LocalSystem,
    given: LocalConnection,
  ): Promise<Exclude<Ending, { kind: 'unknown' }>> {
    const found = await this.gateway.check(system, { ...given, ...system.connection });
    if (found.kind !== 'answered') {
      this.logger.warn({ maker: system.name, kind: found.kind }, 'a local system could not be connected');
      return this.fail(webview, whyNot(system, found));
    }
    const { systemId, connection } = found.value;
    await this.webviews.chosen(webview.connectWebviewId, system.name);
    const accountId = derivedId(webview.workspaceId, `account ${system.name} ${systemId}`);
    return this.finish(webview, system, accountId, () => this.connections.put(accountId, connection));
  }

  /** @param keep stores what lets us act for the account */
  private async finish(
    webview: ConnectWebview,
    maker: LockSystem,
    accountId: string,
    keep: () => Promise<void>,
  ): Promise<Exclude<Ending, { kind: 'unknown' }>> {
    try {
      await this.connect(webview, maker, accountId, keep);
    } catch (error) {
      if (!(error instanceof OtherCustomer)) throw error;
      return this.fail(webview, 'This account is connected for somebody else already.');
    }
    if (webview.wishes.waitForDeviceCreation) await this.lookAtLocks(accountId);
    await this.webviews.authorized(webview.connectWebviewId, accountId, this.clock.now());
    await this.views.caughtUp();
    return { kind: 'connected', webview };
  }

  /** The same account at the same maker keeps its id, so that connecting it again brings its codes back. */
  private async accountOf(workspaceId: string, maker: string, userId: string): Promise<string> {
    const sandbox = derivedId(workspaceId, 'sandbox account');
    const isSandbox = (await this.records.accountTokens.get(sandbox))?.userId === userId;
    return isSandbox ? sandbox : derivedId(workspaceId, `account ${maker} ${userId}`);
  }

  /** @throws {OtherCustomer} */
  private async connect(
    webview: ConnectWebview,
    maker: LockSystem,
    accountId: string,
    keepTokens: () => Promise<void>,
  ) {
    const { workspaceId, connectWebviewId } = webview;
    const identity = { accountId, workspaceId, maker: maker.name, displayName: maker.displayName };
    const login = { connectWebviewId, wishes: wishesOf(webview) };
    const { state: account } = await this.streams.accounts.load(accountId);
    connect(account, identity, login);
    // Nothing of a removed account comes back with it.
    if (account && account.removedAt !== null) await this.departures.ofAccount(accountId);
    await keepTokens();
    await this.streams.accounts.transact(accountId, loginAt(webview), (account) =>
      connect(account, identity, login),
    );
    // Another process may have been about to erase the tokens of the deleted account.
    await keepTokens();
    const atMaker = { accountId, maker: maker.name };
    const registered = await this.gateway.takeReports(
      atMaker,
      async () =>
        (isLocal(maker) ? '' : this.addresses.for(maker)) + (await this.reportAddresses.pathFor(atMaker)),
    );
    // The account is polled: without reports it is only slower.
    if (registered.kind !== 'answered') {
      this.logger.warn({ maker: maker.name, reason: registered.message }, 'the lock maker takes no webhook');
    }
  }

  private async fail(webview: ConnectWebview, reason: string): Promise<Extract<Ending, { kind: 'failed' }>> {
    const { connectWebviewId, workspaceId, status } = webview;
    await this.logins.transact(connectWebviewId, loginAt(webview), () => [
      { type: 'LoginFailed', data: { connectWebviewId, workspaceId } },
    ]);
    if (status === 'pending') await this.webviews.failed(connectWebviewId);
    await this.views.caughtUp();
    return { kind: 'failed', webview, reason };
  }

  /** Its locks appear before the page says that it is connected; where they can't be read, later. */
  private async lookAtLocks(accountId: string): Promise<void> {
    try {
      await this.watch.account(accountId);
    } catch (error) {
      this.logger.warn({ err: error, accountId }, 'the locks of a new account can not be read yet');
    }
  }

  private redirectUri(): string {
    return callbackAt(this.addresses.public());
  }
}

const loginAt = ({ connectWebviewId: id, workspaceId }: ConnectWebview): Cause =>
  externalCause({ workspaceId, correlationId: id, causationId: id });

/** For the person who tried to connect a local system: what to do about it. */
function whyNot({ displayName }: LocalSystem, refusal: Refusal): string {
  switch (refusal.kind) {
    case 'unauthorized':
      return `${displayName} does not take these credentials. Please check them.`;
    case 'refused':
      return refusal.message;
    default:
      return `${displayName} could not be reached: ${refusal.message} Please check the address, and that it runs.`;
  }
}

/** The account's properties from the invitation; others stay as they are. */
function wishesOf({ wishes }: ConnectWebview): AccountWishes {
  const { customMetadata, customerKey, automaticallyManageNewDevices, acceptedCapabilities } = wishes;
  return {
    ...(Object.keys(customMetadata).length > 0 ? { customMetadata } : {}),
    ...(customerKey === null ? {} : { customerKey }),
    ...(automaticallyManageNewDevices === null ? {} : { managesNewDevices: automaticallyManageNewDevices }),
    ...(acceptedCapabilities === null ? {} : { acceptedCapabilities }),
  };
}
