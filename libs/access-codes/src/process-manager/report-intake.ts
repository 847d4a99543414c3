import { ConcludeAction } from '@latchkey/devices';
import type { AccountRef, LockReport } from '@latchkey/gateways';
import { UUID } from '@latchkey/http';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { LockReports, type Reception } from './lock-reports';

/** Takes everything that locks report, by webhooks of lock makers or by connections of our own. */
@Injectable()
export class ReportIntake {
  constructor(
    private readonly reports: LockReports,
    private readonly commands: CommandBus,
  ) {}

  /** @param account whose report it is: it counts only for this account's locks */
  async take(account: AccountRef, report: LockReport): Promise<Reception> {
    if (report.kind === 'action-completed') await this.conclude(account, report);
    return this.reports.take(account, report);
  }

  private async conclude(account: AccountRef, report: Extract<LockReport, { kind: 'action-completed' }>) {
    const { actionId, lockId, success, errorCode } = report;
    if (actionId === null || !UUID.test(actionId)) return;
    await this.commands.execute(new ConcludeAction(actionId, { ...account, lockId }, { success, errorCode }));
  }
}
