import { Abandoned, By, type Caller, Instant, IsoDuration, Params, schema, SeamRoute } from '@latchkey/http';
import { ApiError, DAY, iso } from '@latchkey/platform';
import { Controller, Inject, Optional } from '@nestjs/common';

/** The one clock of server and lock cloud; instants in ms. */
export interface SandboxClockPort {
  now(): number;
  /**
   * Plays everything that falls due up to the target.
   * @param abandoned nobody waits for the answer any more: the clock stops where it is
   * @returns the reading then
   */
  advance(target: (now: number) => number, abandoned?: AbortSignal): Promise<number>;
}

/** SandboxClockPort; absent outside the sandbox. */
export const SANDBOX_CLOCK = Symbol('SANDBOX_CLOCK');

export const CLOCK_SCHEMA = schema.named('sandbox_clock', schema.objectOf({ now: schema.instant }));

class GetClockParams {}

class AdvanceClockParams {
  @Instant({ optional: true, description: 'The instant to go to.' })
  to?: number;

  @IsoDuration({ optional: true, description: 'How far to go.' })
  by?: number;
}

/** The longest way in one request: a clock that is being put forward is in the way of everybody else's. */
const FARTHEST_DAYS = 366;
const LATEST = Date.UTC(9999, 11, 31);

/** The test clock. */
@Controller()
export class SandboxClockController {
  constructor(@Optional() @Inject(SANDBOX_CLOCK) private readonly clock: SandboxClockPort | undefined) {}

  @SeamRoute('/sandbox/clock/get', ['GET'], {
    summary: 'What the clock reads',
    answer: { clock: CLOCK_SCHEMA },
    params: GetClockParams,
    sandboxOnly: true,
  })
  get(@By() _caller: Caller, @Params(GetClockParams) _params: GetClockParams) {
    return { clock: { now: iso(this.port().now()) } };
  }

  @SeamRoute('/sandbox/clock/advance', [], {
    summary: 'Puts the clock forward; everything that falls due on the way happens at its own instant',
    answer: { clock: CLOCK_SCHEMA },
    params: AdvanceClockParams,
    sandboxOnly: true,
  })
  async advance(
    @By() _caller: Caller,
    @Params(AdvanceClockParams) { to, by }: AdvanceClockParams,
    @Abandoned() abandoned: AbortSignal,
  ) {
    if ((to === undefined) === (by === undefined)) {
      throw ApiError.invalidInput('Say either to (an instant) or by (a duration).', {
        to: 'exactly one of to and by is required',
      });
    }
    const now = await this.port().advance((reading) => {
      const target = to ?? reading + by!;
      if (target > LATEST)
        throw ApiError.invalidInput('The clock does not go that far.', { by: 'is too long' });
      if (target - reading > FARTHEST_DAYS * DAY)
        throw ApiError.invalidInput(`The clock goes ${FARTHEST_DAYS} days at a time at most.`, {
          [to === undefined ? 'by' : 'to']: 'is too far away',
        });
      return target;
    }, abandoned);
    return { clock: { now: iso(now) } };
  }

  private port(): SandboxClockPort {
    if (!this.clock) throw new ApiError(404, 'not_found', 'There is no such endpoint.');
    return this.clock;
  }
}
