import { ACTION_ATTEMPT_SCHEMA, GetActionAttempt, ResetSandbox } from '@latchkey/devices';
import { By, type Caller, Params, SeamRoute } from '@latchkey/http';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';

class ResetSandboxParams {}

/** /workspaces/reset_sandbox */
@Controller()
export class ResetSandboxController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @SeamRoute('/workspaces/reset_sandbox', ['POST'], {
    summary: 'Puts the workspace of the API key back to its beginning; keys, webhooks and settings stay',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: ResetSandboxParams,
    sandboxOnly: true,
  })
  async reset(@By() caller: Caller, @Params(ResetSandboxParams) _: ResetSandboxParams) {
    const { actionAttemptId } = await this.commands.execute(new ResetSandbox(caller));
    const query = new GetActionAttempt(caller.workspaceId, actionAttemptId);
    return { action_attempt: await this.queries.execute(query) };
  }
}
