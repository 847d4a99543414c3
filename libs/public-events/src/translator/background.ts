import { ACCOUNT, type Account, DEVICE, type Device } from '@latchkey/devices';
import type { Draft } from '../public-event';
import type { TranslatorStates } from './translator-states';

/** Adds to an event what clients keep beside its device and account, as it is then. */
export function withBackground(draft: Draft, states: Pick<TranslatorStates, 'get'>): Draft {
  const { device_id, connected_account_id } = draft.body;
  const device = typeof device_id === 'string' ? states.get<Device>(`${DEVICE}-${device_id}`) : null;
  const account =
    typeof connected_account_id === 'string'
      ? states.get<Account>(`${ACCOUNT}-${connected_account_id}`)
      : null;
  const background = {
    ...(account && account.customerKey !== null ? { customer_key: account.customerKey } : {}),
    ...(account && !isEmpty(account.customMetadata)
      ? { connected_account_custom_metadata: account.customMetadata }
      : {}),
    ...(device && !isEmpty(device.customMetadata) ? { device_custom_metadata: device.customMetadata } : {}),
  };
  return isEmpty(background) ? draft : { ...draft, body: { ...draft.body, ...background } };
}

const isEmpty = (entries: object): boolean => Object.keys(entries).length === 0;
