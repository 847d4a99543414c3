import { By, type Caller, Params, SeamRoute } from '@latchkey/http';
import { ApiError, type Config, CONFIG } from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ErasePersonalData, type ErasureOf } from '../commands/commands';
import { EraseParams } from './erasure-params';
import { ERASURE_SCHEMA } from './erasure.schema';
import { presentErasure } from './present-erasure';

/** /audit/erase: what people were called is erased, at their request. For API keys with the permission `erasure`. */
@Controller()
export class ErasureController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(CONFIG) private readonly config: Pick<Config, 'eventstoreUrl'>,
  ) {}

  @SeamRoute('/audit/erase', ['POST'], {
    summary: 'Erases the names and PINs of codes that are gone; codes that may still open a door are refused',
    answer: { erasure: ERASURE_SCHEMA },
    params: EraseParams,
    permission: 'erasure',
  })
  async erase(@By() caller: Caller, @Params(EraseParams) params: EraseParams) {
    const erased = await this.commands.execute(new ErasePersonalData(caller, asked(params), params.dry_run));
    return { erasure: presentErasure(erased, this.config) };
  }
}

function asked({ access_code_id: accessCodeId, name }: EraseParams): ErasureOf {
  if (accessCodeId !== undefined && name === undefined) return { accessCodeId };
  if (name !== undefined && accessCodeId === undefined) return { name };
  throw ApiError.invalidInput('Say which: access_code_id or name.', {
    access_code_id: 'give this or name',
  });
}
