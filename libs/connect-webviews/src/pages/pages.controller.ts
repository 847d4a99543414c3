import type { Records } from '@latchkey/database';
import { Open } from '@latchkey/http';
import { RECORDS, VAULT, type Vault } from '@latchkey/platform';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { timingSafeEqual } from 'node:crypto';
import { type ConnectWebview, ConnectWebviewRecords } from '../records/connect-webview-records';
import { pageToken } from '../http/connect-webviews.controller';
import { Connecting } from '../commands/connecting';
import { choicePage, connectedPage, PAGE_HEADERS, problemPage } from './page';

type Texts = Readonly<Record<string, string | string[] | undefined>>;

/** What a browser sees on the way to a lock maker and back. */
@Open()
@Controller('connect_webviews')
export class ConnectPagesController {
  constructor(
    private readonly webviews: ConnectWebviewRecords,
    private readonly connecting: Connecting,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  @Get('view')
  async view(@Query() query: Texts, @Res() reply: FastifyReply): Promise<void> {
    const webview = await this.entitled(query);
    if (!webview) return show(reply, 404, problemPage('This link is not valid. Please ask for a new one.'));
    if (webview.status === 'authorized') return show(reply, 200, connectedPage(null));
    show(reply, 200, await this.choice(webview, null));
  }

  @Get('authorize')
  async authorize(@Query() query: Texts, @Res() reply: FastifyReply): Promise<void> {
    const webview = await this.entitled(query);
    if (!webview) return show(reply, 404, problemPage('This link is not valid. Please ask for a new one.'));
    const address = await this.connecting.setOut(webview, text(query.provider) ?? '');
    if (address === null) return show(reply, 400, await this.choice(webview, 'Please choose one of these.'));
    void reply.headers(PAGE_HEADERS).redirect(address, 303);
  }

  @Get('callback')
  async callback(@Query() query: Texts, @Res() reply: FastifyReply): Promise<void> {
    const ending = await this.connecting.comeBack({
      state: text(query.state),
      code: text(query.code),
      error: text(query.error),
    });
    if (ending.kind === 'stranger') {
      return show(reply, 400, problemPage('This page was left too early, or twice. Please begin again.'));
    }
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
    if (ending.kind === 'failed') return show(reply, 200, await this.choice(webview, ending.reason));
    const looks = (await this.records.workspaces.get(webview.workspaceId))?.settings
      .connect_webview_customization;
    const message = (looks as { success_message?: unknown } | undefined)?.success_message;
    show(reply, 200, connectedPage(typeof message === 'string' ? message : null));
  }

  private async choice(webview: ConnectWebview, problem: string | null): Promise<string> {
    const { connectWebviewId, workspaceId } = webview;
    const workspace = await this.records.workspaces.get(workspaceId);
    return choicePage({
      workspace: workspace?.name ?? 'Somebody',
      hidden: {
        connect_webview_id: connectWebviewId,
        auth_token: pageToken(this.vault, connectWebviewId),
      },
      makers: this.connecting.offered(webview),
      problem,
    });
  }

  /** The webview whose URL this is; null where the token is not right. */
  private async entitled(query: Texts): Promise<ConnectWebview | null> {
    const id = text(query.connect_webview_id) ?? '';
    const expected = Buffer.from(pageToken(this.vault, id));
    const given = Buffer.from(text(query.auth_token) ?? '');
    const same = given.length === expected.length && timingSafeEqual(given, expected);
    return same ? this.webviews.find(id) : null;
  }
}

const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);

function show(reply: FastifyReply, status: number, html: string): void {
  void reply.code(status).headers(PAGE_HEADERS).send(html);
}
