import { timingSafeEqual } from 'node:crypto';
import { ConcludeAction } from '@latchkey/devices';
import { type LockReport, MalformedReport, parseReport } from '@latchkey/gateways';
import { Open, UUID } from '@latchkey/http';
import { ApiError, REPORT_TOKENS } from '@latchkey/platform';
import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { LockReports } from '../process-manager/lock-reports';

/** Where lock makers send what their locks report. Only they know the address. */
@Open()
@Controller('lock_makers')
export class ReportsController {
  constructor(
    private readonly reports: LockReports,
    private readonly commands: CommandBus,
    @Inject(REPORT_TOKENS) private readonly tokens: ReadonlyMap<string, string>,
  ) {}

  @Post(':maker/reports/:token')
  @HttpCode(200)
  async take(
    @Param('maker') maker: string,
    @Param('token') token: string,
    @Body() body: unknown,
  ): Promise<object> {
    const expected = this.tokens.get(maker);
    if (!expected || !sameText(expected, token))
      throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    const report = read(body);
    if (report?.kind === 'action-completed') await this.conclude(maker, report);
    const reception = report ? await this.reports.take(maker, report) : 'taken';
    if (reception === 'again-later') throw ApiError.unavailable('The report comes too early; send it again.');
    return {};
  }

  private async conclude(maker: string, report: Extract<LockReport, { kind: 'action-completed' }>) {
    const { actionId, lockId, success, errorCode } = report;
    if (actionId === null || !UUID.test(actionId)) return;
    await this.commands.execute(new ConcludeAction(actionId, { maker, lockId }, { success, errorCode }));
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

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
