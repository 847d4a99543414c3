import { ReportCodeLengths } from '@latchkey/devices';
import { By, type Caller, Params, SeamRoute, DeviceId, Whole, WholeList } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';

const SHORTEST = 4;
const LONGEST = 20;
const LENGTH = { min: SHORTEST, max: LONGEST, optional: true };

class ReportDeviceConstraintsParams {
  @DeviceId()
  device_id!: string;

  @WholeList({ ...LENGTH, atLeast: 1 })
  supported_code_lengths?: number[];

  @Whole({ ...LENGTH, description: 'In place of supported_code_lengths.' })
  min_code_length?: number;

  @Whole({ ...LENGTH, description: 'In place of supported_code_lengths.' })
  max_code_length?: number;
}

/** What clients can add to a maker's description of a lock's codes. */
@Controller()
export class DeviceConstraintsController {
  constructor(private readonly commands: CommandBus) {}

  @SeamRoute('/access_codes/report_device_constraints', ['POST'], {
    summary: "Narrows how long a device's codes may be",
    params: ReportDeviceConstraintsParams,
  })
  async report(
    @By() caller: Caller,
    @Params(ReportDeviceConstraintsParams) params: ReportDeviceConstraintsParams,
  ) {
    await this.commands.execute(new ReportCodeLengths(caller, params.device_id, lengthsOf(params)));
    return {};
  }
}

/** @throws {ApiError} 400 for both ways to give it, for neither, and for an empty range */
function lengthsOf(params: ReportDeviceConstraintsParams): number[] {
  const { supported_code_lengths: lengths, min_code_length: min, max_code_length: max } = params;
  const isRange = min !== undefined || max !== undefined;
  if ((lengths !== undefined) === isRange) {
    throw ApiError.invalidInput(
      'Say either supported_code_lengths, or min_code_length and max_code_length.',
      isRange
        ? { supported_code_lengths: 'does not go with min_code_length and max_code_length' }
        : { supported_code_lengths: 'is required unless min_code_length or max_code_length is given' },
    );
  }
  if (lengths) return lengths;
  const [from, to] = [min ?? SHORTEST, max ?? LONGEST];
  if (from > to) {
    throw ApiError.invalidInput('min_code_length is above max_code_length.', {
      min_code_length: 'must not be above max_code_length',
    });
  }
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
