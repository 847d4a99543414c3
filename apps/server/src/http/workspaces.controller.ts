import type { Records, Workspace } from '@latchkey/database';
import { By, type Caller, Choice, Flag, Nested, Params, schema, SeamRoute, Text, Uuid } from '@latchkey/http';
import { ApiError, type Clock, CLOCK, derivedId, RECORDS } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';

const { anything, flag, id, named, objectOf, orNull, text } = schema;

const WORKSPACE_SCHEMA = named(
  'workspace',
  objectOf({
    workspace_id: id,
    organization_id: orNull(id),
    name: text,
    company_name: text,
    connect_partner_name: orNull(text),
    connect_webview_customization: anything,
    is_sandbox: flag,
    is_suspended: flag,
    is_publishable_key_auth_enabled: flag,
  }),
);

class GetWorkspaceParams {}

class ListWorkspacesParams {}

const name = { min: 1, max: 200, pattern: /\S/, message: 'must not be blank' };
const colour = { optional: true, max: 100 };

/** How the pages look on which an account is connected. */
class WebviewLooks {
  @Choice(['circle', 'square'], { optional: true, nullable: true })
  logo_shape?: string | null;

  @Text({ ...colour, nullable: true })
  primary_button_color?: string | null;

  @Text({ ...colour, nullable: true })
  primary_button_text_color?: string | null;

  @Text({ optional: true, nullable: true, max: 1000 })
  success_message?: string | null;
}

class WorkspaceParams {
  @Nested(WebviewLooks, { optional: true })
  connect_webview_customization?: WebviewLooks;

  @Text({ ...name, optional: true, nullable: true })
  connect_partner_name?: string | null;

  @Uuid({ optional: true, description: 'Latchkey has no organizations, so nothing is then found.' })
  organization_id?: string;
}

class CreateWorkspaceParams extends WorkspaceParams {
  @Text(name)
  name!: string;

  @Text({ ...name, optional: true })
  company_name?: string;

  @Flag({ optional: true, default: false, description: 'As this server is, so are its workspaces.' })
  is_sandbox?: boolean;

  @Choice(['circle', 'square'], { optional: true })
  webview_logo_shape?: string;

  @Text(colour)
  webview_primary_button_color?: string;

  @Text(colour)
  webview_primary_button_text_color?: string;

  @Text({ optional: true, max: 1000 })
  webview_success_message?: string;
}

class UpdateWorkspaceParams extends WorkspaceParams {
  @Text({ ...name, optional: true })
  name?: string;

  @Flag({ optional: true, description: 'Publishable keys are not taken here: only false.' })
  is_publishable_key_auth_enabled?: boolean;

  @Flag({ optional: true, description: 'Workspaces are not suspended here: only false.' })
  is_suspended?: boolean;
}

/** /workspaces */
@Controller()
export class WorkspacesController {
  constructor(
    @Inject(RECORDS) private readonly records: Records,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @SeamRoute('/workspaces/get', ['GET'], {
    summary: 'The workspace of the API key',
    answer: { workspace: WORKSPACE_SCHEMA },
    params: GetWorkspaceParams,
  })
  async get(@By() caller: Caller, @Params(GetWorkspaceParams) _: GetWorkspaceParams) {
    return { workspace: presentWorkspace(await this.own(caller)) };
  }

  @SeamRoute('/workspaces/list', ['GET'], {
    summary: 'The workspaces that the API key opens: its own',
    answer: { workspaces: { listOf: WORKSPACE_SCHEMA } },
    params: ListWorkspacesParams,
  })
  async list(@By() caller: Caller, @Params(ListWorkspacesParams) _: ListWorkspacesParams) {
    return { workspaces: [presentWorkspace(await this.own(caller))] };
  }

  @SeamRoute('/workspaces/create', ['POST'], {
    summary: 'Makes a workspace; an API key for it is made on the command line',
    answer: { workspace: WORKSPACE_SCHEMA },
    params: CreateWorkspaceParams,
  })
  async create(@By() caller: Caller, @Params(CreateWorkspaceParams) params: CreateWorkspaceParams) {
    const { isSandbox } = await this.own(caller);
    noOrganization(params);
    if (params.is_sandbox !== undefined && params.is_sandbox !== isSandbox) {
      throw ApiError.invalidInput('A workspace is a sandbox where the server is one, and only there.', {
        is_sandbox: `must be ${isSandbox} here`,
      });
    }
    // The same for a request that is tried again: the workspace is made once.
    const workspaceId = derivedId(caller.requestId, 'workspace');
    const before = await this.records.workspaces.get(workspaceId);
    if (before) return { workspace: presentWorkspace(before) };
    const workspace: Workspace = {
      workspaceId,
      name: params.name,
      isSandbox,
      settings: {
        ...(params.company_name === undefined ? {} : { company_name: params.company_name }),
        ...settingsOf(params, {
          logo_shape: params.webview_logo_shape,
          primary_button_color: params.webview_primary_button_color,
          primary_button_text_color: params.webview_primary_button_text_color,
          success_message: params.webview_success_message,
        }),
      },
      createdAt: this.clock.now(),
    };
    await this.records.workspaces.create(workspace);
    return { workspace: presentWorkspace(workspace) };
  }

  @SeamRoute('/workspaces/update', ['PATCH'], {
    summary: 'Changes the workspace of the API key',
    params: UpdateWorkspaceParams,
  })
  async update(@By() caller: Caller, @Params(UpdateWorkspaceParams) params: UpdateWorkspaceParams) {
    const { settings } = await this.own(caller);
    noOrganization(params);
    for (const flag of ['is_publishable_key_auth_enabled', 'is_suspended'] as const) {
      if (params[flag])
        throw ApiError.invalidInput(`${flag} can not be true here.`, { [flag]: 'must be false' });
    }
    if (params.name !== undefined) await this.records.workspaces.rename(caller.workspaceId, params.name);
    await this.records.workspaces.updateSettings(caller.workspaceId, settingsOf(params, looksOf(settings)));
    return {};
  }

  private async own({ workspaceId }: Caller): Promise<Workspace> {
    const workspace = await this.records.workspaces.get(workspaceId);
    if (!workspace) throw ApiError.notFound('workspace');
    return workspace;
  }
}

function noOrganization({ organization_id }: WorkspaceParams): void {
  if (organization_id !== undefined) throw ApiError.notFound('organization');
}

type Looks = Record<string, unknown>;

const looksOf = (settings: Record<string, unknown>): Looks =>
  (settings.connect_webview_customization ?? {}) as Looks;

/** What of the parameters is kept as settings. @param looks those from before, which the new ones go over */
function settingsOf(params: WorkspaceParams, looks: Looks): Record<string, unknown> {
  const all = { ...looks, ...params.connect_webview_customization };
  const given = Object.entries(all).filter(([, look]) => look !== undefined && look !== null);
  return {
    ...(params.connect_partner_name === undefined
      ? {}
      : { connect_partner_name: params.connect_partner_name }),
    connect_webview_customization: Object.fromEntries(given),
  };
}

/** A workspace in Seam's shape. */
export function presentWorkspace({ workspaceId, name, isSandbox, settings }: Workspace) {
  const kept = (key: string) => (typeof settings[key] === 'string' ? settings[key] : name);
  return {
    workspace_id: workspaceId,
    organization_id: null,
    name,
    company_name: kept('company_name'),
    connect_partner_name: kept('connect_partner_name'),
    is_sandbox: isSandbox,
    is_suspended: false,
    is_publishable_key_auth_enabled: false,
    connect_webview_customization: looksOf(settings),
  };
}
