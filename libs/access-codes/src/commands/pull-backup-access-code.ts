import { CLOCK, type Clock } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { assign, endOfTroubled, handedOver, isReady, pulled } from '../domain/backup';
import { Refused, remove } from '../domain/decisions';
import { BackupPool } from '../process-manager/backup-pool';
import type { Streams } from '../process-manager/streams';
import { causedBy, type Caller } from './caller';
import { inApiTerms, ownCode } from './requests';
import { STREAMS, VIEWS, type Views } from './views';

/** A backup code takes the place of a code that is in trouble. Again: the same backup code. */
export class PullBackupAccessCode extends Command<{ backupAccessCodeId: string }> {
  constructor(
    readonly caller: Caller,
    readonly accessCodeId: string,
  ) {
    super();
  }
}

/**
 * Gives a backup code away on its own stream first, then tells the code that it stands in for; should the second step
 * never come, planning sees to it. Whoever comes again finds the backup that was given to this code before.
 */
@CommandHandler(PullBackupAccessCode)
export class PullBackupAccessCodeHandler implements ICommandHandler<PullBackupAccessCode> {
  constructor(
    @Inject(STREAMS) private readonly streams: Streams,
    @Inject(VIEWS) private readonly views: Views,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly pool: BackupPool,
  ) {}

  execute({ caller, accessCodeId }: PullBackupAccessCode): Promise<{ backupAccessCodeId: string }> {
    return inApiTerms(async () => {
      const { codes } = this.streams;
      const cause = causedBy(caller);
      const code = ownCode((await codes.load(accessCodeId)).state, caller.workspaceId);
      const endsAt = endOfTroubled(code, this.clock.now());
      const before = code.pulledBackup?.codeId;
      if (before !== undefined && (await this.isThere(before))) return { backupAccessCodeId: before };

      const backupCodeId = await this.take(code, endsAt, cause);
      const told = await codes.transact(accessCodeId, cause, (current) =>
        pulled(current, backupCodeId, before),
      );
      const handed = await codes.transact(backupCodeId, cause, handedOver);
      const stands = told.state?.pulledBackup?.codeId ?? backupCodeId;
      // Two that came at once have been given one each: the second is not needed.
      if (stands !== backupCodeId) await codes.transact(backupCodeId, cause, remove);
      await this.views.reached(handed.position ?? told.position);
      return { backupAccessCodeId: stands };
    });
  }

  /** Neither gone nor let go of. */
  private async isThere(codeId: string): Promise<boolean> {
    const { state } = await this.streams.codes.load(codeId);
    return state?.removedAt === null && !state.unmanaged;
  }

  /** @throws {Refused} where none is ready */
  private async take(
    { codeId, deviceId }: AccessCode,
    endsAt: number,
    cause: ReturnType<typeof causedBy>,
  ): Promise<string> {
    const all = await this.pool.codes(deviceId);
    const mine = all.filter((backup) => backup.backupOf === codeId);
    for (const backup of [...mine, ...all.filter(isReady)]) {
      try {
        await this.streams.codes.transact(backup.codeId, cause, (current, now) =>
          assign(current, { codeId, endsAt }, now),
        );
        return backup.codeId;
      } catch (error) {
        // Somebody else was faster: the next one.
        if (!(error instanceof Refused)) throw error;
      }
    }
    throw new Refused(
      'backup_access_code_not_available',
      'No backup access code is ready on the device. Create codes with use_backup_access_code_pool to have some.',
    );
  }
}
