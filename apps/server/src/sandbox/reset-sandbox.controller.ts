import { ACTION_ATTEMPT_SCHEMA, GetActionAttempt, ResetSandbox } from '@latchkey/devices';
import { By, type Caller, Params, SeamRoute } from '@latchkey/http';
import { type Clock, CLOCK, iso } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { CLOCK_SCHEMA } from '../http';

class ResetSandboxParams {}

/** /workspaces/reset_sandbox */
@Controller()
export class ResetSandboxController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @SeamRoute('/workspaces/reset_sandbox', ['POST'], {
    summary:
      'Puts the workspace of the API key back to its beginning; keys, webhooks and settings stay, and so does the clock',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA, clock: CLOCK_SCHEMA },
    params: ResetSandboxParams,
    sandboxOnly: true,
  })
  async reset(@By() caller: Caller, @Params(ResetSandboxParams) _: ResetSandboxParams) {
    const { actionAttemptId } = await this.commands.execute(new ResetSandbox(caller));
    const query = new GetActionAttempt(caller.workspaceId, actionAttemptId);
    const action_attempt = await this.queries.execute(query);
    // Other workspaces live by the same clock, so it goes on from where it is: this says where.
    return { action_attempt, clock: { now: iso(this.clock.now()) } };
  }
}
