import { checkOrder } from '../domain/asked-window';
import { By, type Caller, DeviceLimits, Params, SeamRoute } from '@latchkey/http';
import { type Clock, CLOCK } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { GetAccessCode } from '../views/queries';
import { ACCESS_CODE_SCHEMA, GENERATED_CODE_SCHEMA } from './access-code.schema';
import { CreateAccessCodes, UpdateAccessCodes } from '../commands/linked/commands';
import { GenerateCode } from '../views/queries';
import { CreateAccessCodesParams, GenerateCodeParams, UpdateAccessCodesParams } from './more-params';
import { wantedOnEach } from './wanted';

/** /access_codes: codes that are shared by several devices, and what else there is to ask about codes. */
@Controller()
export class LinkedCodesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly limits: DeviceLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @SeamRoute('/access_codes/create_multiple', ['PUT'], {
    summary: 'Creates the same access code on several devices',
    answer: { access_codes: { listOf: ACCESS_CODE_SCHEMA } },
    params: CreateAccessCodesParams,
  })
  async create(@By() caller: Caller, @Params(CreateAccessCodesParams) params: CreateAccessCodesParams) {
    const wanted = wantedOnEach(params, this.clock.now());
    for (const deviceId of new Set(params.device_ids)) await this.limits.take('create', caller, deviceId);
    const otherwise = params.behavior_when_code_cannot_be_shared ?? 'throw';
    const { accessCodeIds } = await this.commands.execute(
      new CreateAccessCodes(caller, params.device_ids, wanted, otherwise),
    );
    const codes = accessCodeIds.map((accessCodeId) =>
      this.queries.execute(new GetAccessCode(caller.workspaceId, { accessCodeId })),
    );
    return { access_codes: await Promise.all(codes) };
  }

  @SeamRoute('/access_codes/update_multiple', ['PATCH'], {
    summary: 'Changes all access codes with the same common_code_key',
    params: UpdateAccessCodesParams,
  })
  async update(@By() caller: Caller, @Params(UpdateAccessCodesParams) params: UpdateAccessCodesParams) {
    const { common_code_key, name, starts_at: startsAt, ends_at: endsAt } = params;
    checkOrder(startsAt, endsAt);
    const wanted = {
      ...(name === undefined ? {} : { name }),
      ...(startsAt === undefined ? {} : { startsAt }),
      ...(endsAt === undefined ? {} : { endsAt }),
    };
    await this.commands.execute(new UpdateAccessCodes(caller, common_code_key, wanted));
    return {};
  }

  @SeamRoute('/access_codes/generate_code', ['GET'], {
    summary: 'A PIN that the device takes and that is free on it',
    answer: { generated_code: GENERATED_CODE_SCHEMA },
    params: GenerateCodeParams,
  })
  async generate(
    @By() { workspaceId }: Caller,
    @Params(GenerateCodeParams) { device_id }: GenerateCodeParams,
  ) {
    const { code } = await this.queries.execute(new GenerateCode(workspaceId, device_id));
    return { generated_code: { device_id, code } };
  }
}
