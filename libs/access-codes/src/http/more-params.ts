import { Choice, Instant, Text, DeviceId, DeviceIdList } from '@latchkey/http';
import { CodeParams, codeName, LONGEST_KEY } from './access-code-params';

const MOST_DEVICES = 100;

export class CreateAccessCodesParams extends CodeParams {
  @DeviceIdList({ min: 1, max: MOST_DEVICES })
  device_ids!: string[];

  @Choice(['throw', 'create_random_code'], { optional: true, default: 'throw' })
  behavior_when_code_cannot_be_shared?: 'throw' | 'create_random_code';
}

export class UpdateAccessCodesParams {
  @Text({ min: 1, max: LONGEST_KEY })
  common_code_key!: string;

  @Text(codeName)
  name?: string;

  @Instant({ optional: true })
  starts_at?: number;

  @Instant({ optional: true })
  ends_at?: number;
}

export class GenerateCodeParams {
  @DeviceId()
  device_id!: string;
}
