import { LOCK_MAKERS } from '@latchkey/platform';
import { By, type Caller, Choice, Params, schema, SeamRoute } from '@latchkey/http';
import { isLockMaker, type LockSystem } from '@latchkey/gateways';
import { Controller, Inject } from '@nestjs/common';
import { Addresses } from '../addresses';
import { PROVIDER_CATEGORIES } from './provider-categories';

const { flag, listOf, named, objectOf, text } = schema;

const DEVICE_PROVIDER_SCHEMA = named(
  'device_provider',
  objectOf({
    device_provider_name: text,
    display_name: text,
    image_url: text,
    provider_categories: listOf(text),
    can_program_online_access_codes: flag,
    can_program_offline_access_codes: flag,
    can_remotely_lock: flag,
    can_remotely_unlock: flag,
    can_unlock_with_code: flag,
  }),
);

/** The properties of every lock maker here. */
const OURS = ['stable', 'consumer_smartlocks'];

class ListDeviceProvidersParams {
  @Choice(PROVIDER_CATEGORIES, { optional: true })
  provider_category?: string;
}

/** The lock makers that accounts can be connected to. */
@Controller()
export class DeviceProvidersController {
  constructor(
    @Inject(LOCK_MAKERS) private readonly makers: ReadonlyMap<string, LockSystem>,
    private readonly addresses: Addresses,
  ) {}

  @SeamRoute('/devices/list_device_providers', ['GET'], {
    summary: 'The lock makers whose accounts can be connected here',
    answer: { device_providers: { listOf: DEVICE_PROVIDER_SCHEMA } },
    params: ListDeviceProvidersParams,
  })
  list(@By() _: Caller, @Params(ListDeviceProvidersParams) { provider_category }: ListDeviceProvidersParams) {
    const shown = provider_category === undefined || OURS.includes(provider_category);
    const makers = shown ? [...this.makers.values()] : [];
    return {
      device_providers: makers.map((system) => ({
        device_provider_name: system.name,
        display_name: system.displayName,
        image_url: `${this.addresses.public()}/docs/favicon-32x32.png`,
        provider_categories: OURS,
        can_program_online_access_codes: true,
        can_program_offline_access_codes: false,
        can_remotely_lock: canRemotely(system, 'canRemotelyLock'),
        can_remotely_unlock: canRemotely(system, 'canRemotelyUnlock'),
        can_unlock_with_code: true,
      })),
    };
  }
}

function canRemotely(system: LockSystem, which: 'canRemotelyLock' | 'canRemotelyUnlock'): boolean {
  return isLockMaker(system) ? (system.capabilities?.[which] ?? true) : true;
}
