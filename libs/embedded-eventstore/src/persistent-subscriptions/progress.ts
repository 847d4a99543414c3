import { type GroupSettings } from './group-settings';
import { type Message } from './message';

/** How far a group has read, and how far all it read has been dealt with. */
export class Progress {
  /** The place read last. */
  read: number;
  /** The place of the newest event read for the consumers. */
  lastKnown: number | undefined;
  lastCheckpoint: number | undefined;
  private sequence = 0;
  private checkpointedSequence = 0;
  private checkpointedAt: number;
  /** Events looked at or dealt with since it was last worth while to work out how far all are dealt with. */
  private sinceLook = 0;

  constructor(
    private readonly settings: Pick<
      GroupSettings,
      'minCheckpointCount' | 'maxCheckpointCount' | 'checkpointAfter'
    >,
    checkpoint: number | undefined,
    startAfter: number,
    now: number,
  ) {
    this.read = checkpoint ?? startAfter;
    this.lastCheckpoint = checkpoint;
    this.lastKnown = checkpoint;
    this.checkpointedAt = now;
  }

  /** One more event has been looked at. @returns how many had been before */
  advance(place: number): number {
    this.read = place;
    this.sinceLook += 1;
    return this.sequence++;
  }

  /** An event that does not count. */
  pass(place: number): void {
    this.read = place;
  }

  settled(): void {
    this.sinceLook += 1;
  }

  /**
   * The place to checkpoint now, if one is due: each `maxCheckpointCount` events at the latest, and when the time is
   * up for fewer, but not for less than `minCheckpointCount`.
   * @param firstUnsettled the earliest message not dealt with, or none
   */
  checkpointDue(
    now: number,
    timeIsUp: boolean,
    firstUnsettled: () => Message | undefined,
  ): number | undefined {
    const { minCheckpointCount, maxCheckpointCount, checkpointAfter } = this.settings;
    const isLate = timeIsUp && checkpointAfter > 0 && now - this.checkpointedAt >= checkpointAfter;
    if (!isLate && this.sinceLook < maxCheckpointCount) return undefined;
    const first = firstUnsettled();
    const sequence = first?.sequence ?? this.sequence;
    const place = first?.previous ?? this.read;
    const settled = sequence - this.checkpointedSequence;
    if (
      settled <= 0 ||
      settled < (isLate ? Math.min(minCheckpointCount, maxCheckpointCount) : maxCheckpointCount)
    ) {
      // Look again when as many more have been dealt with as are missing.
      this.sinceLook = Math.min(this.sinceLook, Math.max(0, settled));
      return undefined;
    }
    this.sinceLook = 0;
    this.checkpointedSequence = sequence;
    this.checkpointedAt = now;
    this.lastCheckpoint = place;
    return place;
  }
}
