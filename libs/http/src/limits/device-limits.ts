import { type Counters, RateLimit } from './rate-limit';

const WORK = ['create', 'update', 'delete', 'operate'] as const;

/** What is limited on each device: as on Seam, a lock can't do it faster. */
export type LimitedWork = (typeof WORK)[number];

/**
 * Limits on what may be asked of a device. Each workspace is counted by itself, whichever owns the device: so one
 * workspace can't use up the limit of another, and made-up ids count against nobody else.
 */
export class DeviceLimits {
  private readonly limits: Readonly<Record<LimitedWork, RateLimit>>;

  /** @param perMinute requests a minute; 0: no limit */
  constructor(perMinute: Readonly<Record<LimitedWork, number>>, counters?: Counters) {
    const limits = WORK.map((work) => [work, new RateLimit(work, perMinute[work], counters)]);
    this.limits = Object.fromEntries(limits) as Record<LimitedWork, RateLimit>;
  }

  isOn(work: LimitedWork): boolean {
    return this.limits[work].isOn;
  }

  /**
   * @returns undefined where it was taken at once
   * @throws ApiError 429 with Retry-After; then nothing is counted
   */
  take(
    work: LimitedWork,
    { workspaceId }: { readonly workspaceId: string },
    deviceId: string,
  ): Promise<void> | undefined {
    return this.limits[work].take(`${workspaceId}/${deviceId}`);
  }
}
