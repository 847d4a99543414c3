import { DeviceId, Instant, paged, Text, TextList, Uuid } from '@latchkey/http';
import { MOST_ENTRIES } from '../views/queries';

export class AuditHistoryParams extends paged(MOST_ENTRIES) {
  @Uuid({ optional: true, description: 'One access code.' })
  access_code_id?: string;

  @Uuid({ optional: true, description: 'One lock, with all its codes and its door.' })
  device_id?: string;

  @Uuid({ optional: true, description: 'One connected account, with all its locks.' })
  connected_account_id?: string;

  @Uuid({ optional: true, description: 'What was requested with one API key.' })
  api_key_id?: string;

  @Text({ optional: true, min: 1, max: 200, description: 'What followed from one request.' })
  request_id?: string;

  @TextList({ optional: true, min: 1, max: 50, description: 'Only facts of these types.' })
  event_types?: string[];

  @Instant({ optional: true, description: 'From this instant on.' })
  since?: number;

  @Instant({ optional: true, description: 'Before this instant.' })
  until?: number;
}

export class DoorAtParams {
  @DeviceId()
  device_id!: string;

  @Instant({ description: 'The instant in question.' })
  at!: number;
}

export class DoorBetweenParams extends paged(MOST_ENTRIES) {
  @DeviceId()
  device_id!: string;

  @Instant({ description: 'After this instant.' })
  from!: number;

  @Instant({ description: 'Up to this instant.' })
  to!: number;
}
