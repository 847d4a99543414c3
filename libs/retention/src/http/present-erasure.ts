import type { Config } from '@latchkey/platform';
import type { ErasureOfCode } from '../commands/commands';

/** Where what is erased may stand all the same, out of an erasure's reach. */
export const NOT_REACHED = ['names_of_devices_and_accounts', 'backups_and_exports', 'copies_of_integrations'];

/** An erasure as the API and the command line tell it. */
export function presentErasure(
  codes: readonly ErasureOfCode[],
  { eventstoreUrl }: Pick<Config, 'eventstoreUrl'>,
) {
  return {
    codes: codes.map((each) => ({
      access_code_id: each.accessCodeId,
      result: each.result.replaceAll('-', '_'),
      ...(each.result === 'refused'
        ? { error_code: each.why.replaceAll('-', '_'), message: each.message }
        : {}),
    })),
    // Events of a store of the operator's own stay as they are: it has no way to change one.
    is_public_stream_rewritten: eventstoreUrl === undefined,
    not_reached: NOT_REACHED,
  };
}
