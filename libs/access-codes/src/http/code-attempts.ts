import { isAbsence } from '@latchkey/event-sourcing';
import { ApiError } from '@latchkey/platform';
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { Streams } from '../streams';
import { GetAccessCode } from '../views/queries';

/** What integrations that follow every request by an action attempt are told of requests about codes. */
export interface CodeAttempt {
  action_attempt_id: string;
  action_type: CodeAction;
  status: 'success';
  result: object;
  error: null;
}

export type CodeAction = 'CREATE_ACCESS_CODE' | 'UPDATE_ACCESS_CODE' | 'DELETE_ACCESS_CODE';

/**
 * An attempt's id is the code's with some bits turned, others for each action: so it can be told from the id
 * alone what it is of, and nothing need be kept. An id is as good as random, so two never meet.
 */
const TURNED: Readonly<Record<CodeAction, number>> = {
  CREATE_ACCESS_CODE: 0x5c3a96e1,
  UPDATE_ACCESS_CODE: 0x2f81d4b7,
  DELETE_ACCESS_CODE: 0x9b64073d,
};

function turned(id: string, action: CodeAction): string {
  const head = (parseInt(id.slice(0, 8), 16) ^ TURNED[action]) >>> 0;
  return head.toString(16).padStart(8, '0') + id.slice(8);
}

/** The request was taken: what it comes to on the lock, the code itself tells. */
export function codeAttempt(action: CodeAction, accessCodeId: string, result: object = {}): CodeAttempt {
  return {
    action_attempt_id: turned(accessCodeId, action),
    action_type: action,
    status: 'success',
    result,
    error: null,
  };
}

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
    for (const action of Object.keys(TURNED) as CodeAction[]) {
      const codeId = turned(actionAttemptId, action);
      const { state: code } = await this.streams.codes.load(codeId);
      if (code?.workspaceId !== workspaceId || !happened(action, code)) continue;
      return codeAttempt(action, codeId, action === 'DELETE_ACCESS_CODE' ? {} : await this.shown(code));
    }
    throw ApiError.notFound('action_attempt');
  }

  private shown({ workspaceId, codeId }: AccessCode): Promise<object> {
    return resultOf(this.queries.execute(new GetAccessCode(workspaceId, { accessCodeId: codeId })));
  }
}

/** What an attempt has to show of its code; nothing where that is gone. */
export async function resultOf(code: Promise<object>): Promise<object> {
  try {
    return { access_code: await code };
  } catch (error) {
    if (isAbsence(error)) return {};
    throw error;
  }
}

/** An update that asked for what was wanted already left no trace, and was answered all the same. */
function happened(action: CodeAction, code: AccessCode): boolean {
  return action !== 'DELETE_ACCESS_CODE' || code.ending?.cause === 'deleted' || code.forgotten;
}
