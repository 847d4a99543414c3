import { isAbsence, Refusal } from '@latchkey/event-sourcing';
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { CODE_ACTIONS, type CodeAction, turned } from '../domain/code-attempt';
import { Streams } from '../streams';
import { type CodeAttempt, codeAttempt } from './present-code-attempt';
import { GetAccessCode } from './queries';
import { endOf, isForgotten } from '../domain/life';

/** Fails with 404 action_attempt_not_found. */
export class GetCodeAttempt extends Query<CodeAttempt> {
  constructor(
    readonly workspaceId: string,
    readonly actionAttemptId: string,
  ) {
    super();
  }
}

@QueryHandler(GetCodeAttempt)
export class GetCodeAttemptHandler implements IQueryHandler<GetCodeAttempt> {
  constructor(
    private readonly queries: QueryBus,
    private readonly streams: Streams,
  ) {}

  async execute({ workspaceId, actionAttemptId }: GetCodeAttempt): Promise<CodeAttempt> {
    for (const action of CODE_ACTIONS) {
      const codeId = turned(actionAttemptId, action);
      const { state: code } = await this.streams.codes.load(codeId);
      if (code?.workspaceId !== workspaceId || !happened(action, code)) continue;
      return codeAttempt(action, codeId, await this.shown(code));
    }
    throw Refusal.absent('action attempt');
  }

  private shown({ workspaceId, codeId }: AccessCode): Promise<object | undefined> {
    return unlessGone(this.queries.execute(new GetAccessCode(workspaceId, { accessCodeId: codeId })));
  }
}

/** The code; undefined where it is gone. */
export async function unlessGone(code: Promise<object>): Promise<object | undefined> {
  try {
    return await code;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** An update that changed nothing left no event, and was answered all the same. */
function happened(action: CodeAction, code: AccessCode): boolean {
  return action !== 'DELETE_ACCESS_CODE' || endOf(code)?.cause === 'deleted' || isForgotten(code);
}
