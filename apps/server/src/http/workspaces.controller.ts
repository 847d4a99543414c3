import type { Records, Workspace } from '@latchkey/database';
import { By, type Caller, SeamRoute, Params } from '@latchkey/http';
import { ApiError, RECORDS } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';

class NoParams {}

/** The workspace that an API key belongs to. */
@Controller()
export class WorkspacesController {
  constructor(@Inject(RECORDS) private readonly records: Records) {}

  @SeamRoute('/workspaces/get', ['GET'], {
    summary: 'The workspace of the API key',
    answer: { workspace: 'workspace' },
    params: NoParams,
  })
  async get(@By() caller: Caller, @Params(NoParams) _: NoParams) {
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
    connect_webview_customization: {
      inviter_logo_url: undefined,
      logo_shape: undefined,
      primary_button_color: undefined,
      primary_button_text_color: undefined,
      success_message: undefined,
    },
  };
}
