/** The lock types that the API knows by name; its vocabulary is closed. */
const KNOWN = new Set([
  'akiles_lock',
  'akuvox_lock',
  'august_lock',
  'genie_door',
  'igloo_lock',
  'igloohome_lock',
  'keyincode_lock',
  'kisi_lock',
  'kwikset_lock',
  'linear_lock',
  'lockly_lock',
  'nuki_lock',
  'omnitec_lock',
  'salto_lock',
  'schlage_lock',
  'smartthings_lock',
  'tedee_lock',
  'ttlock_lock',
  'ultraloq_lock',
  'wyze_lock',
  'yale_lock',
]);

/**
 * The API's device_type for a maker's locks. It has no word for a lock of an unlisted maker, which is shown as
 * `smartthings_lock`, the type of locks of many makes; its true maker is in device_manufacturer.
 */
export function deviceTypeOf(maker: string): string {
  const type = `${maker.toLowerCase()}_lock`;
  return KNOWN.has(type) ? type : 'smartthings_lock';
}
