import { Refusal } from '@latchkey/event-sourcing';
import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { UpdateAccessCode, type WantedChange } from '../commands';
import type { SeamAccessCode } from '../../views/present-code';
import { ListAccessCodes } from '../../views/queries';
import { UpdateAccessCodes } from './commands';

const AT_A_TIME = 500;

/** Changes the codes one by one, and puts back what was changed if one is refused. */
@CommandHandler(UpdateAccessCodes)
export class UpdateAccessCodesHandler implements ICommandHandler<UpdateAccessCodes> {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  async execute({ caller, commonCodeKey, wanted }: UpdateAccessCodes): Promise<void> {
    const codes = await this.linked(caller.workspaceId, commonCodeKey);
    if (codes.length === 0) throw Refusal.absent('access code', 'No access code has this common_code_key.');
    const changed: SeamAccessCode[] = [];
    try {
      for (const code of codes) {
        await this.commands.execute(new UpdateAccessCode(caller, code.access_code_id, wanted));
        changed.push(code);
      }
    } catch (error) {
      // After an outage the next try goes on with what has been changed.
      if (error instanceof Refusal) {
        for (const code of changed.reverse()) await this.putBack(caller, code, wanted);
      }
      throw error;
    }
  }

  /**
   * A code that can't be put back, since it was removed meanwhile or its start has passed, does not stop the others.
   */
  private async putBack(
    caller: UpdateAccessCodes['caller'],
    code: SeamAccessCode,
    wanted: UpdateAccessCodes['wanted'],
  ): Promise<void> {
    try {
      await this.commands.execute(new UpdateAccessCode(caller, code.access_code_id, asItWas(code, wanted)));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  private async linked(workspaceId: string, commonCodeKey: string): Promise<SeamAccessCode[]> {
    const codes: SeamAccessCode[] = [];
    let cursor: string | undefined;
    do {
      const { items, pagination } = await this.queries.execute(
        new ListAccessCodes(
          workspaceId,
          { commonCodeKey },
          { limit: AT_A_TIME, ...(cursor === undefined ? {} : { cursor }) },
        ),
      );
      codes.push(...items);
      cursor = pagination.next_page_cursor ?? undefined;
    } while (cursor !== undefined);
    // What is being removed can't be changed, and needs no change.
    return codes.filter(({ status }) => status !== 'removing');
  }
}

function asItWas(code: SeamAccessCode, changed: UpdateAccessCodes['wanted']): WantedChange {
  const { name, starts_at, ends_at } = code;
  const window =
    starts_at === undefined || ends_at === undefined
      ? { type: 'ongoing' as const }
      : { startsAt: Date.parse(starts_at), endsAt: Date.parse(ends_at) };
  const windowChanged = changed.startsAt !== undefined || changed.endsAt !== undefined;
  return { ...(changed.name === undefined ? {} : { name }), ...(windowChanged ? window : {}) };
}
