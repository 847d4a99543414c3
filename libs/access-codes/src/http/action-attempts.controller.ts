import { isAbsence } from '@latchkey/event-sourcing';
import { ACTION_ATTEMPT_SCHEMA, GetActionAttempt } from '@latchkey/devices';
import {
  By,
  type Caller,
  pageAsked,
  paged,
  PAGINATION,
  Params,
  SeamRoute,
  Uuid,
  UuidList,
} from '@latchkey/http';
import { ApiError, pageOf, startOf } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ListActionAttempts } from '../views/queries';
import { GetCodeAttempt } from '../views/code-attempt-query';

const MOST = 500;

class GetActionAttemptParams {
  @Uuid()
  action_attempt_id!: string;
}

class ListActionAttemptsParams extends paged(MOST) {
  @Uuid({ optional: true })
  device_id?: string;

  @UuidList({ optional: true, max: MOST })
  action_attempt_ids?: string[];
}

/** /action_attempts: the outcome of requests to locks and about codes. */
@Controller()
export class ActionAttemptsController {
  constructor(private readonly queries: QueryBus) {}

  @SeamRoute('/action_attempts/get', ['GET'], {
    summary: 'What became of an action',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: GetActionAttemptParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetActionAttemptParams) params: GetActionAttemptParams) {
    const action_attempt = await this.find(workspaceId, params.action_attempt_id);
    if (!action_attempt) throw ApiError.notFound('action_attempt');
    return { action_attempt };
  }

  @SeamRoute('/action_attempts/list', ['GET'], {
    summary: 'Actions and what became of them, oldest first; unknown ids are left out',
    answer: { action_attempts: { listOf: ACTION_ATTEMPT_SCHEMA }, pagination: PAGINATION },
    params: ListActionAttemptsParams,
  })
  async list(
    @By() { workspaceId }: Caller,
    @Params(ListActionAttemptsParams) params: ListActionAttemptsParams,
  ) {
    const { device_id: deviceId, action_attempt_ids: ids } = params;
    if (ids !== undefined && deviceId === undefined)
      return this.named(workspaceId, [...new Set(ids)], params);
    const filter = {
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(ids === undefined ? {} : { actionAttemptIds: ids }),
    };
    const query = new ListActionAttempts(workspaceId, filter, pageAsked(params));
    const { items, pagination } = await this.queries.execute(query);
    return { action_attempts: items, pagination };
  }

  /** By their ids, in that order: also those of requests that changed nothing, which are in no list. */
  private async named(workspaceId: string, ids: readonly string[], params: ListActionAttemptsParams) {
    const page = pageAsked(params);
    const filter = { list: 'action_attempts', workspaceId, ids };
    const { at } = startOf(page, filter);
    const { items, pagination } = pageOf(
      ids.map((id, index) => ({ id, at: index })).filter((row) => row.at > at),
      page,
      filter,
      (row) => row,
      ({ id }) => this.find(workspaceId, id),
    );
    const found = await Promise.all(items);
    return { action_attempts: found.filter((attempt) => attempt !== null), pagination };
  }

  private async find(workspaceId: string, id: string) {
    return (
      (await orNull(this.queries.execute(new GetActionAttempt(workspaceId, id)))) ??
      (await orNull(this.queries.execute(new GetCodeAttempt(workspaceId, id))))
    );
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}
