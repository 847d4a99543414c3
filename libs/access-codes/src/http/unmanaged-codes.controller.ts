import { ACTION_ATTEMPT_SCHEMA } from '@latchkey/devices';
import {
  By,
  type Caller,
  MayBeRepeated,
  pageAsked,
  PAGINATION,
  Params,
  type Repeatable,
  RepeatableDeletes,
  SeamRoute,
} from '@latchkey/http';
import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ConvertToManaged,
  DeleteUnmanagedAccessCode,
  SimulateUnmanagedAccessCode,
} from '../commands/unmanaged-commands';
import { GetUnmanagedAccessCode, ListUnmanagedAccessCodes } from '../views/queries';
import { GetAccessCodeParams } from './access-code-params';
import { UNMANAGED_ACCESS_CODE_SCHEMA } from './access-code.schema';
import { whichCode } from './access-codes.controller';
import { codeAttempt } from '../views/present-code-attempt';
import {
  ConvertToManagedParams,
  DeleteUnmanagedAccessCodeParams,
  ListUnmanagedAccessCodesParams,
  SimulateUnmanagedAccessCodeParams,
  UpdateUnmanagedAccessCodeParams,
} from './unmanaged-params';

/** /access_codes/unmanaged: codes on locks that were not created here. */
@Controller()
export class UnmanagedCodesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly deletes: RepeatableDeletes,
  ) {}

  @SeamRoute('/access_codes/unmanaged/get', ['GET'], {
    summary: 'One unmanaged access code',
    answer: { access_code: UNMANAGED_ACCESS_CODE_SCHEMA },
    params: GetAccessCodeParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetAccessCodeParams) params: GetAccessCodeParams) {
    const query = new GetUnmanagedAccessCode(workspaceId, whichCode(params));
    return { access_code: await this.queries.execute(query) };
  }

  @SeamRoute('/access_codes/unmanaged/list', ['GET'], {
    summary: 'The unmanaged access codes on a device, in the order in which they were seen',
    answer: { access_codes: { listOf: UNMANAGED_ACCESS_CODE_SCHEMA }, pagination: PAGINATION },
    params: ListUnmanagedAccessCodesParams,
  })
  async list(
    @By() { workspaceId }: Caller,
    @Params(ListUnmanagedAccessCodesParams) params: ListUnmanagedAccessCodesParams,
  ) {
    const { device_id: deviceId, search, user_identifier_key: userIdentifierKey } = params;
    const filter = {
      deviceId,
      ...(search === undefined ? {} : { search }),
      ...(userIdentifierKey === undefined ? {} : { userIdentifierKey }),
    };
    const { items, pagination } = await this.queries.execute(
      new ListUnmanagedAccessCodes(workspaceId, filter, pageAsked(params)),
    );
    return { access_codes: items, pagination };
  }

  @SeamRoute('/access_codes/unmanaged/convert_to_managed', ['PATCH'], {
    summary: 'Takes an unmanaged access code into management, as it is',
    params: ConvertToManagedParams,
  })
  async convert(@By() caller: Caller, @Params(ConvertToManagedParams) params: ConvertToManagedParams) {
    const { access_code_id, is_external_modification_allowed, allow_external_modification } = params;
    const allowed = is_external_modification_allowed ?? allow_external_modification ?? false;
    await this.commands.execute(new ConvertToManaged(caller, access_code_id, allowed));
    return {};
  }

  @SeamRoute('/access_codes/unmanaged/update', ['PATCH'], {
    summary: 'Takes an unmanaged access code into management, or leaves it',
    params: UpdateUnmanagedAccessCodeParams,
  })
  async update(
    @By() caller: Caller,
    @Params(UpdateUnmanagedAccessCodeParams) params: UpdateUnmanagedAccessCodeParams,
  ) {
    if (params.is_managed) return this.convert(caller, params);
    const { access_code_id: accessCodeId } = params;
    await this.queries.execute(new GetUnmanagedAccessCode(caller.workspaceId, { accessCodeId }));
    return {};
  }

  @SeamRoute('/access_codes/unmanaged/delete', ['DELETE'], {
    summary: 'Takes an unmanaged access code off its lock',
    answer: { action_attempt: ACTION_ATTEMPT_SCHEMA },
    params: DeleteUnmanagedAccessCodeParams,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(DeleteUnmanagedAccessCodeParams) { access_code_id }: DeleteUnmanagedAccessCodeParams,
  ) {
    await this.deletes.run(caller, repeatable, access_code_id, () =>
      this.commands.execute(new DeleteUnmanagedAccessCode(caller, access_code_id)),
    );
    return { action_attempt: codeAttempt('DELETE_ACCESS_CODE', access_code_id) };
  }

  @SeamRoute('/access_codes/simulate/create_unmanaged_access_code', ['POST'], {
    summary: 'Puts a code on a simulated lock as somebody else would',
    answer: { access_code: UNMANAGED_ACCESS_CODE_SCHEMA },
    params: SimulateUnmanagedAccessCodeParams,
    sandboxOnly: true,
  })
  async simulate(
    @By() caller: Caller,
    @Params(SimulateUnmanagedAccessCodeParams) params: SimulateUnmanagedAccessCodeParams,
  ) {
    const { device_id: deviceId, name, code } = params;
    await this.commands.execute(new SimulateUnmanagedAccessCode(caller, { deviceId, name, code }));
    const query = new GetUnmanagedAccessCode(caller.workspaceId, { deviceId, code });
    return { access_code: await this.queries.execute(query) };
  }
}
