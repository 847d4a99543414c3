import type { Records } from '@latchkey/database';
import { isLocal, type LocalConnection, type LocalSystem } from '@latchkey/gateways';
import { ActsOnGet, Open } from '@latchkey/http';
import { type Clock, CLOCK, RECORDS, VAULT, type Vault } from '@latchkey/platform';
import { Body, Controller, Get, Headers, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ConnectWebview, ConnectWebviewRecords } from '../records/connect-webview-records';
import { Connecting, type Ending } from '../commands/connecting';
import { Addresses } from '../addresses';
import { keepInBrowser, keptInBrowser } from '../browser';
import { isLinkOf, isOpen, linkToken } from '../link';
import { choicePage, connectedPage, detailsPage, PAGE_HEADERS, problemPage } from './page';

type Texts = Readonly<Record<string, string | string[] | undefined>>;

/** What a browser sees on the way to a lock maker and back. */
@Open()
@Controller('connect_webviews')
export class ConnectPagesController {
  constructor(
    private readonly webviews: ConnectWebviewRecords,
    private readonly connecting: Connecting,
    private readonly addresses: Addresses,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('view')
  async view(@Query() query: Texts, @Res() reply: FastifyReply): Promise<void> {
    const webview = await this.entitled(query);
    if (!webview) return show(reply, 404, problemPage(NOT_VALID));
    if (webview.status === 'authorized') return show(reply, 200, connectedPage(null));
    if (!this.isOpen(webview)) return show(reply, 410, problemPage(TOO_OLD));
    show(reply, 200, await this.choice(webview, null));
  }

  @ActsOnGet()
  @Get('authorize')
  async authorize(@Query() query: Texts, @Res() reply: FastifyReply): Promise<void> {
    const webview = await this.entitled(query);
    if (!webview) return show(reply, 404, problemPage(NOT_VALID));
    if (webview.status === 'authorized') return show(reply, 410, problemPage(USED));
    if (!this.isOpen(webview)) return show(reply, 410, problemPage(TOO_OLD));
    const system = this.localOf(webview, query);
    if (system) return show(reply, 200, await this.details(webview, system, null));
    const away = await this.connecting.setOut(webview, text(query.provider) ?? '');
    if (away === null) return show(reply, 400, await this.choice(webview, 'Please choose one of these.'));
    const cookie = keepInBrowser(webview.connectWebviewId, away.secret, this.addresses.public());
    void reply.headers({ ...PAGE_HEADERS, 'set-cookie': cookie }).redirect(away.address, 303);
  }

  @ActsOnGet()
  @Get('callback')
  async callback(
    @Query() query: Texts,
    @Headers('cookie') cookies: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const ending = await this.connecting.comeBack({
      state: text(query.state),
      kept: (connectWebviewId) => keptInBrowser(connectWebviewId, cookies),
      code: text(query.code),
      error: text(query.error),
    });
    if (ending.kind === 'unknown') return show(reply, 400, problemPage(NOT_AWAITED));
    await this.end(ending, reply, () => this.choice(ending.webview, failure(ending)));
  }

  /** How a local system is reached, as entered. In the body: it may hold a password. */
  @Post('local')
  async local(
    @Body() body: unknown,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const fields = textsOf(body);
    const webview = await this.entitled(fields);
    if (!webview) return show(reply, 404, problemPage(NOT_VALID));
    if (webview.status === 'authorized') return show(reply, 410, problemPage(USED));
    if (!this.isOpen(webview)) return show(reply, 410, problemPage(TOO_OLD));
    const system = this.localOf(webview, fields);
    if (!system) return show(reply, 400, await this.choice(webview, 'Please choose one of these.'));
    const given = givenIn(fields, system);
    if (typeof given === 'string') return show(reply, 400, await this.details(webview, system, given));
    const ending = await this.connecting.connectLocally(webview, system, given);
    if (isProgram(accept))
      return void reply.headers(PAGE_HEADERS).type('application/json').send(told(ending));
    await this.end(ending, reply, () => this.details(webview, system, failure(ending)));
  }

  /** @param again the page on which it can be tried again */
  private async end(
    ending: Exclude<Ending, { kind: 'unknown' }>,
    reply: FastifyReply,
    again: () => Promise<string>,
  ): Promise<void> {
    const { webview } = ending;
    const { customRedirectUrl, customRedirectFailureUrl } = webview.wishes;
    const next =
      ending.kind === 'connected' ? customRedirectUrl : (customRedirectFailureUrl ?? customRedirectUrl);
    if (next !== null) {
      const url = new URL(next);
      url.searchParams.set('connect_webview_id', webview.connectWebviewId);
      void reply.headers(PAGE_HEADERS).redirect(url.href, 303);
      return;
    }
    if (ending.kind === 'failed') return show(reply, 200, await again());
    const looks = (await this.records.workspaces.get(webview.workspaceId))?.settings
      .connect_webview_customization;
    const message = (looks as { success_message?: unknown } | undefined)?.success_message;
    show(reply, 200, connectedPage(typeof message === 'string' ? message : null));
  }

  private async choice(webview: ConnectWebview, problem: string | null): Promise<string> {
    const workspace = await this.records.workspaces.get(webview.workspaceId);
    return choicePage({
      workspace: workspace?.name ?? 'Somebody',
      hidden: this.hidden(webview),
      makers: this.connecting.offered(webview),
      problem,
    });
  }

  /** Asks how a local system is reached. */
  private async details(
    webview: ConnectWebview,
    system: LocalSystem,
    problem: string | null,
  ): Promise<string> {
    const workspace = await this.records.workspaces.get(webview.workspaceId);
    return detailsPage({
      workspace: workspace?.name ?? 'Somebody',
      hidden: { ...this.hidden(webview), provider: system.name },
      ...{ system, problem },
    });
  }

  private hidden(webview: ConnectWebview) {
    const { connectWebviewId } = webview;
    return { connect_webview_id: connectWebviewId, auth_token: linkToken(webview, this.vault) };
  }

  private localOf(webview: ConnectWebview, { provider }: Texts): LocalSystem | undefined {
    const system = this.connecting.offered(webview).find(({ name }) => name === text(provider));
    return isLocal(system) ? system : undefined;
  }

  /** The webview with this URL; null where the token is wrong. */
  private async entitled(query: Texts): Promise<ConnectWebview | null> {
    const webview = await this.webviews.find(text(query.connect_webview_id) ?? '');
    return webview && isLinkOf(webview, text(query.auth_token) ?? '', this.vault) ? webview : null;
  }

  private isOpen(webview: ConnectWebview): boolean {
    return isOpen(webview, this.clock.now());
  }
}

const NOT_VALID = 'This link is not valid. Please ask for a new one.';
const TOO_OLD = 'This link is too old. Please ask for a new one.';
const USED = 'This link was used before. Please ask for a new one.';
const NOT_AWAITED =
  'This page was left too early, or twice, or opened in another browser. Please begin again.';

const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);

const failure = (ending: Ending): string | null => (ending.kind === 'failed' ? ending.reason : null);

/** The command line requests only the outcome. */
const isProgram = (accept = ''): boolean => accept.split(';')[0]!.trim() === 'application/json';

const told = (ending: Ending) => ({ connected: ending.kind === 'connected', reason: failure(ending) });

function textsOf(body: unknown): Texts {
  return typeof body === 'object' && body !== null ? (body as Texts) : {};
}

/** How long a field may be, in characters. */
const LONGEST = 1_000;

/** How a local system is reached, or what is wrong with the entry. */
function givenIn(fields: Texts, { asked }: LocalSystem): LocalConnection | string {
  const given: Record<string, string> = {};
  for (const field of asked) {
    const value = (text(fields[field]) ?? '').trim();
    if (value.length > LONGEST) return 'That is too long.';
    if (value !== '') given[field === 'pairing_code' ? 'pairingCode' : field] = value;
  }
  if (asked.includes('address') && given.address === undefined) return 'Please give the address.';
  if (asked.includes('pairing_code') && given.pairingCode === undefined)
    return 'Please give the pairing code.';
  return given;
}

function show(reply: FastifyReply, status: number, html: string): void {
  void reply.code(status).headers(PAGE_HEADERS).send(html);
}
