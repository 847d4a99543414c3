import { Choice, Flag, Instant, Text, Whole, WholeList } from '@latchkey/http';
import { GROUP_STRATEGIES } from '@latchkey/event-sourcing';

const NAME = {
  min: 1,
  max: 100,
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  message: 'must begin with a letter or digit, and hold only these, and _ . -',
};

/** The largest number that a parked event may have. */
const MOST = Number.MAX_SAFE_INTEGER;

export class SubscriptionNameParams {
  @Text(NAME)
  name!: string;
}

class SettingsParams extends SubscriptionNameParams {
  @Whole({ min: 0, max: 1000, optional: true, description: 'How often an event is tried again; 10.' })
  max_retries?: number;

  @Whole({
    min: 1,
    max: 86_400,
    optional: true,
    description: 'A consumer that has not answered for so long loses the event to another; 30.',
  })
  message_timeout_seconds?: number;

  @Whole({ min: 10, max: 5000, optional: true, description: 'How many events are read ahead; 500.' })
  buffer_size?: number;

  @Whole({ min: 0, max: 1000, optional: true, description: 'How many may consume at a time; 0: any.' })
  max_consumers?: number;

  @Choice(GROUP_STRATEGIES, { optional: true, description: 'How events are shared out; RoundRobin.' })
  strategy?: (typeof GROUP_STRATEGIES)[number];
}

export class CreateSubscriptionParams extends SettingsParams {
  @Choice(['beginning', 'end'], { optional: true, description: 'Where it begins; the end.' })
  start_from?: 'beginning' | 'end';

  @Instant({ optional: true, description: 'Or the first event from this instant on.' })
  since?: number;

  @Whole({ min: 0, max: MOST, optional: true, description: 'Or the event at this place of the stream.' })
  position?: number;

  @Flag({ optional: true, description: 'Makes a login for it, whose password is shown this once.' })
  make_login?: boolean;
}

export class UpdateSubscriptionParams extends SettingsParams {}

export class ListSubscriptionsParams {}

export class ListParkedParams extends SubscriptionNameParams {
  @Whole({ min: 0, max: MOST, optional: true, description: 'From this number on.' })
  from_number?: number;

  @Whole({ min: 1, max: 500, optional: true, default: 100 })
  limit?: number;
}

export class ChooseParkedParams extends SubscriptionNameParams {
  @WholeList({ min: 0, max: MOST, atLeast: 1, optional: true, description: 'Those of these numbers.' })
  numbers?: number[];

  @Whole({ min: 1, max: MOST, optional: true, description: 'Or the first so many.' })
  first?: number;

  @Flag({ optional: true, description: 'Or all of them.' })
  all?: boolean;
}
