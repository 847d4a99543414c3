import type { Records, Workspace } from '@latchkey/database';
import { By, type Caller, Params, schema, SeamRoute } from '@latchkey/http';
import { ApiError, RECORDS } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';

class GetWorkspaceParams {}

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

/** The workspace that an API key belongs to. */
@Controller()
export class WorkspacesController {
  constructor(@Inject(RECORDS) private readonly records: Records) {}

  @SeamRoute('/workspaces/get', ['GET'], {
    summary: 'The workspace of the API key',
    answer: { workspace: WORKSPACE_SCHEMA },
    params: GetWorkspaceParams,
  })
  async get(@By() caller: Caller, @Params(GetWorkspaceParams) _: GetWorkspaceParams) {
    const workspace = await this.records.workspaces.get(caller.workspaceId);
    if (!workspace) throw ApiError.notFound('workspace');
    return { workspace: presentWorkspace(workspace) };
  }
}

/** A workspace in Seam's shape. */
export function presentWorkspace({ workspaceId, name, isSandbox, settings }: Workspace) {
  const text = (key: string) => (typeof settings[key] === 'string' ? settings[key] : null);
  return {
    workspace_id: workspaceId,
    organization_id: null,
    name,
    company_name: text('company_name') ?? name,
    connect_partner_name: text('connect_partner_name') ?? name,
    is_sandbox: isSandbox,
    is_suspended: false,
    is_publishable_key_auth_enabled: false,
    connect_webview_customization: {},
  };
}
