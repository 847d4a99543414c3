import { Refusal } from '@latchkey/event-sourcing';
import { CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { UpdateAccessCode, type WantedChange } from '../commands';
import type { SeamAccessCode } from '../../views/present-code';
import { ListAccessCodes } from '../../views/queries';
import { UpdateAccessCodes } from './commands';

const AT_A_TIME = 500;

/** Changes the codes one by one, and puts back what was changed if one refuses. */
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
      for (const code of changed.reverse()) {
        await this.commands.execute(new UpdateAccessCode(caller, code.access_code_id, asItWas(code, wanted)));
      }
      throw error;
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
  const windowChanged = changed.startsAt !== undefined || changed.endsAt !== undefined;
  return {
    ...(changed.name !== undefined && name !== null ? { name } : {}),
    ...(windowChanged && starts_at !== undefined && ends_at !== undefined
      ? { startsAt: Date.parse(starts_at), endsAt: Date.parse(ends_at) }
      : {}),
  };
}
