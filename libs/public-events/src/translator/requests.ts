import { type AccessCode, sameWindow, timeFrame } from '@latchkey/access-codes';
import type { Draft, PinPlace } from '../public-event';

interface ChangedProperty {
  property: string;
  from: string | null;
  to: string | null;
}

/** What differs between two wants, as `access_code.changed`; nothing if nothing does. */
export function changed(before: AccessCode, after: AccessCode, reason: string): Draft[] {
  const properties: ChangedProperty[] = [];
  const pins: PinPlace[] = [];
  const compare = (property: string, from: string | null, to: string | null) => {
    if (from !== to) properties.push({ property, from, to });
  };
  compare('name', before.name, after.name);
  if (before.pinFingerprint !== after.pinFingerprint) {
    const at = `changed_properties.${properties.length}`;
    pins.push({ path: `${at}.from`, pin: before.pin }, { path: `${at}.to`, pin: after.pin });
    properties.push({ property: 'code', from: null, to: null });
  }
  const [was, is] = [timeFrame(before.schedule), timeFrame(after.schedule)];
  compare('type', typeOf(before), typeOf(after));
  compare('starts_at', was.starts_at, is.starts_at);
  compare('ends_at', was.ends_at, is.ends_at);
  compare(
    'is_external_modification_allowed',
    String(before.externalModificationAllowed),
    String(after.externalModificationAllowed),
  );
  compare(
    'prefer_native_scheduling',
    String(before.preferNativeScheduling),
    String(after.preferNativeScheduling),
  );
  if (properties.length === 0) return [];
  return [
    { type: 'access_code.changed', body: { changed_properties: properties, change_reason: reason }, pins },
  ];
}

const typeOf = (code: AccessCode): string => (code.schedule ? 'time_bound' : 'ongoing');

/** The changes that were asked for, before the device has confirmed any of them. */
export function requestedMutations(before: AccessCode, after: AccessCode): Draft[] {
  const mutations: { mutation_code: string; from: object; to: object }[] = [];
  const pins: PinPlace[] = [];
  if (before.name !== after.name) {
    mutations.push({ mutation_code: 'updating_name', from: { name: before.name }, to: { name: after.name } });
  }
  if (before.pinFingerprint !== after.pinFingerprint) {
    const at = `requested_mutations.${mutations.length}`;
    pins.push({ path: `${at}.from.code`, pin: before.pin }, { path: `${at}.to.code`, pin: after.pin });
    mutations.push({ mutation_code: 'updating_code', from: { code: null }, to: { code: null } });
  }
  if (!sameWindow(before.schedule, after.schedule)) {
    mutations.push({
      mutation_code: 'updating_time_frame',
      from: timeFrame(before.schedule),
      to: timeFrame(after.schedule),
    });
  }
  if (mutations.length === 0) return [];
  return [{ type: 'access_code.mutations_requested', body: { requested_mutations: mutations }, pins }];
}
