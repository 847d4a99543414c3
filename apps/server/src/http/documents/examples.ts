import { paramsOf, type SeamEndpoint } from '@latchkey/http';

/** Ids of what is there, by the name of the parameter that takes them. */
export type Examples = Readonly<Record<string, string>>;

/** Reads Examples; absent outside the sandbox, where the document must not tell anybody's ids. */
export const EXAMPLES = Symbol('EXAMPLES');
export type ReadExamples = () => Promise<Examples>;

/** Stands for the id of something that has to be made first. */
const SOME_ID = '00000000-0000-4000-8000-000000000000';

/** What shows best how an endpoint is called, besides the parameters that it can't do without. */
const SHOWN: Readonly<Record<string, (ids: Examples) => object>> = {
  '/access_codes/create': () => ({ name: 'Guest' }),
  '/access_codes/create_multiple': () => ({ name: 'Guest' }),
  '/access_codes/get': ({ access_code_id = SOME_ID }) => ({ access_code_id }),
  '/access_codes/report_device_constraints': () => ({ supported_code_lengths: [4, 5, 6] }),
  '/access_codes/simulate/create_unmanaged_access_code': () => ({ name: 'Neighbour', code: '4821' }),
  '/access_codes/unmanaged/get': () => ({ access_code_id: SOME_ID }),
  '/access_codes/update': () => ({ name: 'Cleaner' }),
  '/audit/door_at': () => ({ at: '2026-01-01T00:00:00Z' }),
  '/audit/door_between': () => ({ from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }),
  '/connected_accounts/get': ({ connected_account_id = SOME_ID }) => ({ connected_account_id }),
  '/devices/get': ({ device_id = SOME_ID }) => ({ device_id }),
  '/devices/unmanaged/get': () => ({ device_id: SOME_ID }),
  '/events/get': ({ event_id = SOME_ID }) => ({ event_id }),
  '/locks/get': ({ device_id = SOME_ID }) => ({ device_id }),
  '/locks/simulate/keypad_code_entry': () => ({ code: '4821' }),
  '/sandbox/clock/advance': () => ({ by: 'PT1H' }),
  '/webhooks/create': () => ({ url: 'https://example.com/webhooks' }),
  '/webhooks/replay': () => ({ since: '2026-01-01T00:00:00Z' }),
  '/webhooks/update': () => ({ event_types: ['access_code.*'] }),
};

/**
 * The request that the page of docs fills in. It would otherwise make up a value for every parameter, and be told
 * that all of them are wrong.
 */
export function exampleOf({ path, params }: SeamEndpoint, ids: Examples): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const { name, required, kind, schema } of paramsOf(params).values()) {
    if (!required) continue;
    if (kind === 'list') filled[name] = [ids[name.replace(/s$/, '')] ?? SOME_ID];
    else if (kind === 'flag') filled[name] = true;
    else if (schema.format === 'uuid') filled[name] = ids[name] ?? SOME_ID;
    else filled[name] = 'Example';
  }
  return { ...filled, ...SHOWN[path]?.(ids) };
}
