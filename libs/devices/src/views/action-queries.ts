import { Refusal } from '@latchkey/event-sourcing';
import { type Clock, CLOCK, type Config, CONFIG } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { DeviceStreams } from '../streams';
import { presentAction, type SeamActionAttempt } from './present-action';
import { GetActionAttempt } from './queries';

/** Reads attempts from their streams, so that one that was just requested is found. */
@QueryHandler(GetActionAttempt)
export class GetActionAttemptHandler implements IQueryHandler<GetActionAttempt> {
  constructor(
    private readonly streams: DeviceStreams,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'commandDeadline'>,
  ) {}

  async execute({ workspaceId, actionAttemptId }: GetActionAttempt): Promise<SeamActionAttempt> {
    const { state } = await this.streams.attempts.load(actionAttemptId);
    if (state?.workspaceId !== workspaceId) throw Refusal.absent('action attempt');
    return presentAction(state, { now: this.clock.now(), deadline: this.config.commandDeadline });
  }
}
