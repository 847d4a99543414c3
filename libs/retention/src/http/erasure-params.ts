import { Flag, Text, Uuid } from '@latchkey/http';

export class EraseParams {
  @Uuid({ optional: true, description: 'One access code. Give it or `name`.' })
  access_code_id?: string;

  @Text({
    optional: true,
    min: 1,
    max: 1000,
    description: 'All codes of the workspace that have, or once had, exactly this name.',
  })
  name?: string;

  @Flag({ optional: true, description: 'Only says what would be erased.' })
  dry_run?: boolean;
}
