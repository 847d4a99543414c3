import { ACTION_ATTEMPT_SCHEMA } from '@latchkey/devices';
import {
  By,
  type Caller,
  DeviceLimits,
  MayBeRepeated,
  pageAsked,
  PAGINATION,
  Params,
  type Repeatable,
  RepeatableDeletes,
  SeamRoute,
} from '@latchkey/http';
import { READ_BARRIER, type ReadBarrier } from '@latchkey/event-sourcing';
import { ApiError, type Clock, CLOCK, emptyPage } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { CreateAccessCode, type CreatedCode, DeleteAccessCode, UpdateAccessCode } from '../commands/commands';
import { isGone } from '../domain/life';
import { LetGoOfAccessCode } from '../commands/unmanaged-commands';
import { GetAccessCode, ListAccessCodes, ShowNewCode } from '../views/queries';
import { ACCESS_CODE_SCHEMA } from './access-code.schema';
import { codeAttempt } from '../views/present-code-attempt';
import { unlessGone } from '../views/code-attempt-query';
import {
  CreateAccessCodeParams,
  DeleteAccessCodeParams,
  GetAccessCodeParams,
  ListAccessCodesParams,
  UpdateAccessCodeParams,
} from './access-code-params';
import { isToBeLetGo, wantedChange, wantedCode } from './wanted';

/** /access_codes: what an integration does with the codes that it manages. */
@Controller()
export class AccessCodesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly limits: DeviceLimits,
    private readonly deletes: RepeatableDeletes,
    @Inject(READ_BARRIER) private readonly reads: ReadBarrier,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @SeamRoute('/access_codes/create', ['POST'], {
    summary: 'Creates an access code',
    answer: { access_code: ACCESS_CODE_SCHEMA, action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: CreateAccessCodeParams,
    readsOwnWrites: false,
  })
  async create(@By() caller: Caller, @Params(CreateAccessCodeParams) params: CreateAccessCodeParams) {
    const wanted = wantedCode(params, this.clock.now());
    await this.limits.take('create', caller, wanted.deviceId);
    const created = await this.commands.execute(new CreateAccessCode(caller, wanted));
    const access_code = await this.shown(caller, created);
    const action_attempt = codeAttempt('CREATE_ACCESS_CODE', created.accessCodeId, access_code);
    return { access_code, action_attempt };
  }

  /** A new code is shown as it was decided: the views need not have it yet. */
  private async shown({ workspaceId }: Caller, { accessCodeId, position, code }: CreatedCode) {
    await this.reads.beforeNextRead(position);
    if (!isGone(code)) return this.queries.execute(new ShowNewCode(code));
    await this.reads.readable();
    return this.queries.execute(new GetAccessCode(workspaceId, { accessCodeId }));
  }

  @SeamRoute('/access_codes/get', ['GET'], {
    summary: 'One access code',
    answer: { access_code: ACCESS_CODE_SCHEMA },
    params: GetAccessCodeParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetAccessCodeParams) params: GetAccessCodeParams) {
    return { access_code: await this.queries.execute(new GetAccessCode(workspaceId, whichCode(params))) };
  }

  @SeamRoute('/access_codes/list', ['GET'], {
    summary: 'Access codes, oldest first',
    answer: { access_codes: { listOf: ACCESS_CODE_SCHEMA }, pagination: PAGINATION },
    params: ListAccessCodesParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListAccessCodesParams) params: ListAccessCodesParams) {
    const { items, pagination } = ofOthers(params)
      ? emptyPage()
      : await this.queries.execute(new ListAccessCodes(workspaceId, filterOf(params), pageAsked(params)));
    return { access_codes: items, pagination };
  }

  @SeamRoute('/access_codes/update', ['PATCH', 'PUT'], {
    summary: 'Changes an access code',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: UpdateAccessCodeParams,
  })
  async update(@By() caller: Caller, @Params(UpdateAccessCodeParams) params: UpdateAccessCodeParams) {
    const wanted = wantedChange(params);
    await this.takeOf('update', caller, params.access_code_id);
    const { access_code_id: accessCodeId } = params;
    if (isToBeLetGo(params, wanted)) {
      await this.commands.execute(new LetGoOfAccessCode(caller, accessCodeId, params.device_id));
    } else await this.commands.execute(new UpdateAccessCode(caller, accessCodeId, wanted));
    const shown = await unlessGone(
      this.queries.execute(new GetAccessCode(caller.workspaceId, { accessCodeId })),
    );
    return { action_attempt: codeAttempt('UPDATE_ACCESS_CODE', accessCodeId, shown) };
  }

  @SeamRoute('/access_codes/delete', ['DELETE'], {
    summary: 'Deletes an access code: it comes off its lock',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: DeleteAccessCodeParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(DeleteAccessCodeParams) params: DeleteAccessCodeParams,
  ) {
    await this.deletes.run(caller, repeatable, params.access_code_id, async () => {
      await this.takeOf('delete', caller, params.access_code_id);
      await this.commands.execute(new DeleteAccessCode(caller, params.access_code_id, params.device_id));
    });
    return { action_attempt: codeAttempt('DELETE_ACCESS_CODE', params.access_code_id) };
  }

  /** Counts against the rate limit of the code's device. */
  private async takeOf(work: 'update' | 'delete', caller: Caller, accessCodeId: string) {
    if (!this.limits.isOn(work)) return;
    const query = new GetAccessCode(caller.workspaceId, { accessCodeId });
    const { device_id } = await this.queries.execute(query);
    await this.limits.take(work, caller, device_id);
  }
}

/** By its id, or by its PIN and device. */
export function whichCode(params: GetAccessCodeParams) {
  const { access_code_id: accessCodeId, device_id: deviceId, code } = params;
  if (accessCodeId !== undefined) return { accessCodeId };
  if (deviceId !== undefined && code !== undefined) return { deviceId, code };
  throw ApiError.invalidInput('Say which access code: access_code_id, or device_id and code.', {
    access_code_id: 'is required unless device_id and code are given',
  });
}

/** Filters by things that do not exist here. */
function ofOthers(params: ListAccessCodesParams): boolean {
  return [params.access_grant_id, params.access_grant_key, params.access_method_id].some(
    (filter) => filter !== undefined,
  );
}

function filterOf(params: ListAccessCodesParams) {
  return {
    ...(params.device_id === undefined ? {} : { deviceId: params.device_id }),
    ...(params.access_code_ids === undefined ? {} : { accessCodeIds: params.access_code_ids }),
    ...(params.search === undefined ? {} : { search: params.search }),
    ...(params.customer_key === undefined ? {} : { customerKey: params.customer_key }),
    ...(params.user_identifier_key === undefined ? {} : { userIdentifierKey: params.user_identifier_key }),
  };
}
