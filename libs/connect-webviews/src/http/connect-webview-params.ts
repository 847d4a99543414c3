import { Choice, ChoiceList, Flag, Metadata, paged, Text, TextList, Uuid, WebAddress } from '@latchkey/http';
import { PROVIDER_CATEGORIES } from './provider-categories';

const CAPABILITIES = ['lock', 'thermostat', 'noise_sensor', 'access_control', 'camera'];
/** An invitation may also name one that is not listed. */
const CATEGORIES = [...PROVIDER_CATEGORIES, 'internal_beta'];

export class CreateConnectWebviewParams {
  @TextList({ optional: true, max: 200, description: 'The lock makers to offer; left out, all there are.' })
  accepted_providers?: string[];

  @TextList({ optional: true, max: 200, description: 'Lock makers not to offer.' })
  excluded_providers?: string[];

  @ChoiceList(CAPABILITIES, { optional: true })
  accepted_capabilities?: string[];

  @Choice(CATEGORIES, { optional: true })
  provider_category?: string;

  @WebAddress({ optional: true, description: 'Where to send the browser when the account is connected.' })
  custom_redirect_url?: string;

  @WebAddress({ optional: true, description: 'Where to send it when that failed.' })
  custom_redirect_failure_url?: string;

  @Metadata({ optional: true })
  custom_metadata?: Record<string, string | boolean | null>;

  @Text({ optional: true, min: 1, max: 200 })
  customer_key?: string;

  @Flag({ optional: true, default: true })
  automatically_manage_new_devices?: boolean;

  @Choice(['none', 'single', 'multiple'], { optional: true, default: 'none' })
  device_selection_mode?: 'none' | 'single' | 'multiple';

  @Flag({ optional: true, default: false })
  wait_for_device_creation?: boolean;
}

export class ConnectWebviewIdParams {
  @Uuid()
  connect_webview_id!: string;
}

export class ListConnectWebviewsParams extends paged(500) {
  @Metadata({ optional: true })
  custom_metadata_has?: Record<string, string | boolean>;

  @Text({
    optional: true,
    min: 1,
    max: 200,
    description: 'Part of the id, an accepted provider, the customer key or the metadata.',
  })
  search?: string;

  @Text({ optional: true, max: 200 })
  customer_key?: string;

  @Text({
    optional: true,
    max: 200,
    description: 'Latchkey has nothing of this kind, so the list is then empty.',
  })
  user_identifier_key?: string;
}
