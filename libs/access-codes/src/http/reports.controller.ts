import { ReportAddresses } from '@latchkey/devices';
import { MalformedReport, parseReport } from '@latchkey/gateways';
import { Open } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ReportIntake } from '../process-manager/report-intake';

/** Where lock makers send the reports of one account's locks. Only they know the address. */
@Open()
@Controller('lock_makers')
export class ReportsController {
  constructor(
    private readonly intake: ReportIntake,
    private readonly addresses: ReportAddresses,
  ) {}

  @Post(':maker/reports/:token')
  @HttpCode(200)
  async take(
    @Param('maker') maker: string,
    @Param('token') token: string,
    @Body() body: unknown,
  ): Promise<object> {
    const accountId = await this.addresses.accountOf(token);
    if (accountId === null) throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    const report = read(body);
    const reception = report ? await this.intake.take({ accountId, maker }, report) : 'taken';
    if (reception === 'again-later') throw ApiError.unavailable('The report comes too early; send it again.');
    return {};
  }
}

function read(body: unknown) {
  try {
    return parseReport(body);
  } catch (error) {
    if (error instanceof MalformedReport) throw ApiError.invalidInput(error.message);
    throw error;
  }
}
