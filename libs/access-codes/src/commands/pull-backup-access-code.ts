import type { CodeRefusal } from '../domain/refused';
import { type Caller, causedBy, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { CLOCK, type Clock } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { assign, endOfTroubled, isReady } from '../domain/backup';
import { BackupPool } from '../process-manager/backup-pool';
import { handOver, stands } from '../process-manager/hand-over';
import { Streams } from '../streams';
import { ownCode } from './requests';
import { pulledBackupOf, standsInFor } from '../domain/life';

/** A backup code replaces a code that is in trouble. Repeated: the same backup code. */
export class PullBackupAccessCode extends Command<{ backupAccessCodeId: string }> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
  ) {
    super();
  }
}

/**
 * Assigns a backup code on its own stream first, then records it with the code that it replaces; if the second step never
 * comes, planning does it. A repeated command finds the backup that was assigned before.
 */
@CommandHandler(PullBackupAccessCode)
export class PullBackupAccessCodeHandler implements ICommandHandler<PullBackupAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly pool: BackupPool,
  ) {}

  async execute({ caller, accessCodeId }: PullBackupAccessCode): Promise<{ backupAccessCodeId: string }> {
    const cause = causedBy(caller);
    const code = await ownCode(this.streams, accessCodeId, caller.workspaceId);
    const endsAt = endOfTroubled(code, this.clock.now());
    const before = pulledBackupOf(code)?.codeId;
    const isThere = before !== undefined && (await stands(this.streams, before));
    const given = isThere ? before : await this.take(code, endsAt, cause);
    // This also finds a backup that was pulled before, which may not be recorded with the code or in the views yet.
    const handed = { backupCodeId: given, toCodeId: accessCodeId };
    const { backupCodeId, position } = await handOver(this.streams, handed, cause);
    await this.views.reached(position);
    return { backupAccessCodeId: backupCodeId };
  }

  /** @throws {Refusal} where none is ready */
  private async take(
    { codeId, deviceId }: AccessCode,
    endsAt: number,
    cause: ReturnType<typeof causedBy>,
  ): Promise<string> {
    const all = await this.pool.codes(deviceId);
    const mine = all.filter((backup) => standsInFor(backup) === codeId);
    for (const backup of [...mine, ...all.filter(isReady)]) {
      try {
        await this.streams.codes.transact(backup.codeId, cause, (current, now) =>
          assign(current, { codeId, endsAt }, now),
        );
        return backup.codeId;
      } catch (error) {
        // Another request was faster: the next one.
        if (!(error instanceof Refusal)) throw error;
      }
    }
    throw Refusal.untimely<CodeRefusal>(
      'no-backup-available',
      'No backup access code is ready on the device. Create codes with use_backup_access_code_pool to have some.',
    );
  }
}
