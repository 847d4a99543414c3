import { Flag, paged, Pin, Text, DeviceId, Uuid } from '@latchkey/http';
import { codeName, LONGEST_KEY } from './access-code-params';

/** As many as Seam's own API returns without a page size. */
const MOST_CODES = 300_000;
const LONGEST_SEARCH = 200;
/** The longest PIN that a simulated lock is given by hand. */
const LONGEST_PIN = 8;

export class ListUnmanagedAccessCodesParams extends paged(MOST_CODES) {
  @DeviceId()
  device_id!: string;

  @Text({ optional: true, min: 1, max: LONGEST_SEARCH, description: 'Part of the name, the PIN, or an id.' })
  search?: string;

  @Text({ optional: true, max: LONGEST_KEY })
  user_identifier_key?: string;
}

export class ConvertToManagedParams {
  @Uuid()
  access_code_id!: string;

  @Flag({ optional: true, description: 'The older name of is_external_modification_allowed.' })
  allow_external_modification?: boolean;

  @Flag({ optional: true, description: 'Whether changes made outside are kept and not put back.' })
  is_external_modification_allowed?: boolean;

  @Flag({
    optional: true,
    description: 'Without effect: what another workspace does with the lock is not known here.',
  })
  force?: boolean;

  @Flag({ optional: true, default: false, description: 'Without effect: answers never wait for the lock.' })
  sync?: boolean;
}

export class UpdateUnmanagedAccessCodeParams extends ConvertToManagedParams {
  @Flag({ description: 'true: as convert_to_managed; false: the code stays as it is.' })
  is_managed!: boolean;
}

export class DeleteUnmanagedAccessCodeParams {
  @Uuid()
  access_code_id!: string;

  @Flag({ optional: true, default: false, description: 'Without effect: answers never wait for the lock.' })
  sync?: boolean;
}

export class SimulateUnmanagedAccessCodeParams {
  @DeviceId()
  device_id!: string;

  @Text({ ...codeName, optional: false, description: 'Its name on the lock.' })
  name!: string;

  @Pin({ max: LONGEST_PIN, description: 'What is typed.' })
  code!: string;
}
