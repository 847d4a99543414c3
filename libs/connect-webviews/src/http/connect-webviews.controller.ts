import { laidOver } from '@latchkey/devices';
import {
  By,
  type Caller,
  MayBeRepeated,
  pageAsked,
  PAGINATION,
  Params,
  type Repeatable,
  RepeatableDeletes,
  schema,
  SeamRoute,
} from '@latchkey/http';
import {
  ApiError,
  type Clock,
  CLOCK,
  derivedId,
  emptyPage,
  iso,
  LOCK_MAKERS,
  type Random,
  RANDOM,
  VAULT,
  type Vault,
} from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { Addresses } from '../addresses';
import {
  ConnectWebviewIdParams,
  CreateConnectWebviewParams,
  ListConnectWebviewsParams,
} from './connect-webview-params';
import { linkToken, newLinkToken } from '../link';
import { type ConnectWebview, ConnectWebviewRecords } from '../records/connect-webview-records';

const { flag, id, instant, listOf, metadata, named, objectOf, oneOf, orNull, text } = schema;

const CONNECT_WEBVIEW_SCHEMA = named(
  'connect_webview',
  objectOf(
    {
      connect_webview_id: id,
      workspace_id: id,
      url: text,
      status: oneOf('pending', 'failed', 'authorized'),
      login_successful: flag,
      authorized_at: orNull(instant),
      connected_account_id: orNull(id),
      selected_provider: orNull(text),
      accepted_providers: listOf(text),
      accepted_devices: listOf(text),
      accepted_capabilities: listOf(text),
      any_provider_allowed: flag,
      any_device_allowed: flag,
      custom_redirect_url: orNull(text),
      custom_redirect_failure_url: orNull(text),
      custom_metadata: metadata,
      customer_key: text,
      automatically_manage_new_devices: flag,
      device_selection_mode: oneOf('none', 'single', 'multiple'),
      wait_for_device_creation: flag,
      created_at: instant,
    },
    ['customer_key'],
  ),
);

/** /connect_webviews: how accounts are connected. */
@Controller()
export class ConnectWebviewsController {
  constructor(
    private readonly webviews: ConnectWebviewRecords,
    private readonly addresses: Addresses,
    private readonly deletes: RepeatableDeletes,
    @Inject(LOCK_MAKERS) private readonly makers: ReadonlyMap<string, unknown>,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  @SeamRoute('/connect_webviews/create', ['POST'], {
    summary: 'Creates a page on which somebody connects a lock maker’s account',
    answer: { connect_webview: CONNECT_WEBVIEW_SCHEMA },
    params: CreateConnectWebviewParams,
  })
  async create(
    @By() { workspaceId, requestId }: Caller,
    @Params(CreateConnectWebviewParams) params: CreateConnectWebviewParams,
  ) {
    // The same id for a request that is tried again: the page is created once.
    const connectWebviewId = derivedId(requestId, 'connect webview');
    const before = await this.webviews.find(connectWebviewId);
    if (before) return { connect_webview: this.present(before) };
    await this.webviews.create({
      connectWebviewId,
      workspaceId,
      createdAt: this.clock.now(),
      linkToken: newLinkToken(this.random),
      wishes: {
        acceptedProviders: this.accepted(params),
        acceptedCapabilities: params.accepted_capabilities ?? null,
        customRedirectUrl: params.custom_redirect_url ?? null,
        customRedirectFailureUrl: params.custom_redirect_failure_url ?? null,
        customMetadata: laidOver({}, params.custom_metadata ?? {}),
        customerKey: params.customer_key ?? null,
        automaticallyManageNewDevices: params.automatically_manage_new_devices ?? null,
        deviceSelectionMode: params.device_selection_mode ?? 'none',
        waitForDeviceCreation: params.wait_for_device_creation ?? false,
      },
    });
    return { connect_webview: this.present(await this.own(workspaceId, connectWebviewId)) };
  }

  @SeamRoute('/connect_webviews/get', ['GET'], {
    summary: 'One connect webview',
    answer: { connect_webview: CONNECT_WEBVIEW_SCHEMA },
    params: ConnectWebviewIdParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(ConnectWebviewIdParams) params: ConnectWebviewIdParams) {
    return { connect_webview: this.present(await this.own(workspaceId, params.connect_webview_id)) };
  }

  @SeamRoute('/connect_webviews/list', ['GET'], {
    summary: 'Connect webviews, oldest first',
    answer: { connect_webviews: { listOf: CONNECT_WEBVIEW_SCHEMA }, pagination: PAGINATION },
    params: ListConnectWebviewsParams,
  })
  async list(
    @By() { workspaceId }: Caller,
    @Params(ListConnectWebviewsParams) params: ListConnectWebviewsParams,
  ) {
    const { customer_key: customerKey, custom_metadata_has: customMetadataHas, search } = params;
    const { user_identifier_key } = params;
    const { items, pagination } =
      user_identifier_key === undefined
        ? await this.webviews.list(workspaceId, pageAsked(params), {
            ...(customerKey === undefined ? {} : { customerKey }),
            ...(customMetadataHas === undefined ? {} : { customMetadataHas }),
            ...(search === undefined ? {} : { search }),
          })
        : emptyPage<ConnectWebview>();
    return { connect_webviews: items.map((webview) => this.present(webview)), pagination };
  }

  @SeamRoute('/connect_webviews/delete', ['DELETE'], {
    summary: 'Deletes a connect webview; an account that it connected stays',
    params: ConnectWebviewIdParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(ConnectWebviewIdParams) { connect_webview_id }: ConnectWebviewIdParams,
  ) {
    await this.deletes.run(caller, repeatable, connect_webview_id, async () => {
      const found = await this.webviews.delete(caller.workspaceId, connect_webview_id);
      if (!found) throw ApiError.notFound('connect_webview');
    });
    return {};
  }

  private async own(workspaceId: string, connectWebviewId: string): Promise<ConnectWebview> {
    const webview = await this.webviews.find(connectWebviewId);
    if (webview?.workspaceId !== workspaceId) throw ApiError.notFound('connect_webview');
    return webview;
  }

  /** The makers to offer, by name; empty: all. */
  private accepted({
    accepted_providers: accepted,
    excluded_providers: excluded,
  }: CreateConnectWebviewParams) {
    if (!excluded || excluded.length === 0) return accepted ?? [];
    const from = accepted && accepted.length > 0 ? accepted : [...this.makers.keys()];
    const left = from.filter((name) => !excluded.includes(name));
    if (left.length === 0) {
      throw ApiError.invalidInput('No lock maker would be left to choose from.', {
        excluded_providers: 'must leave at least one provider',
      });
    }
    return left;
  }

  private present(webview: ConnectWebview) {
    const { connectWebviewId, wishes, status, provider, authorizedAt } = webview;
    const query = new URLSearchParams({
      connect_webview_id: connectWebviewId,
      auth_token: linkToken(webview, this.vault),
    });
    return {
      connect_webview_id: connectWebviewId,
      workspace_id: webview.workspaceId,
      url: `${this.addresses.public()}/connect_webviews/view?${query.toString()}`,
      status,
      login_successful: status === 'authorized',
      authorized_at: authorizedAt === null ? null : iso(authorizedAt),
      connected_account_id: webview.connectedAccountId,
      selected_provider: provider,
      accepted_providers: wishes.acceptedProviders,
      accepted_devices: [],
      accepted_capabilities: wishes.acceptedCapabilities ?? ['lock'],
      any_provider_allowed: wishes.acceptedProviders.length === 0,
      any_device_allowed: true,
      custom_redirect_url: wishes.customRedirectUrl,
      custom_redirect_failure_url: wishes.customRedirectFailureUrl,
      custom_metadata: wishes.customMetadata,
      ...(wishes.customerKey === null ? {} : { customer_key: wishes.customerKey }),
      automatically_manage_new_devices: wishes.automaticallyManageNewDevices ?? true,
      device_selection_mode: wishes.deviceSelectionMode,
      wait_for_device_creation: wishes.waitForDeviceCreation,
      created_at: iso(webview.createdAt),
    };
  }
}
