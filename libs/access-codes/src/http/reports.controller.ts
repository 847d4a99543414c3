import { ConcludeAction, ReportAddresses } from '@latchkey/devices';
import { type AccountRef, type LockReport, MalformedReport, parseReport } from '@latchkey/gateways';
import { Open, UUID } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { LockReports } from '../process-manager/lock-reports';

/** Where lock makers send what the locks of one account report. Only they know the address. */
@Open()
@Controller('lock_makers')
export class ReportsController {
  constructor(
    private readonly reports: LockReports,
    private readonly commands: CommandBus,
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
    const account = { accountId, maker };
    const report = read(body);
    if (report?.kind === 'action-completed') await this.conclude(account, report);
    const reception = report ? await this.reports.take(account, report) : 'taken';
    if (reception === 'again-later') throw ApiError.unavailable('The report comes too early; send it again.');
    return {};
  }

  private async conclude(account: AccountRef, report: Extract<LockReport, { kind: 'action-completed' }>) {
    const { actionId, lockId, success, errorCode } = report;
    if (actionId === null || !UUID.test(actionId)) return;
    await this.commands.execute(new ConcludeAction(actionId, { ...account, lockId }, { success, errorCode }));
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
