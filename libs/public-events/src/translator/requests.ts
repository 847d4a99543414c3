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
  compare('name', before.wanted.name, after.wanted.name);
  if (before.wanted.pinFingerprint !== after.wanted.pinFingerprint) {
    const at = `changed_properties.${properties.length}`;
    pins.push({ path: `${at}.from`, pin: before.wanted.pin }, { path: `${at}.to`, pin: after.wanted.pin });
    properties.push({ property: 'code', from: null, to: null });
  }
  const [was, is] = [timeFrame(before.wanted.schedule), timeFrame(after.wanted.schedule)];
  compare('type', typeOf(before), typeOf(after));
  compare('starts_at', was.starts_at, is.starts_at);
  compare('ends_at', was.ends_at, is.ends_at);
  compare(
    'is_external_modification_allowed',
    String(before.wanted.externalModificationAllowed),
    String(after.wanted.externalModificationAllowed),
  );
  compare(
    'prefer_native_scheduling',
    String(before.wanted.preferNativeScheduling),
    String(after.wanted.preferNativeScheduling),
  );
  if (properties.length === 0) return [];
  return [
    { type: 'access_code.changed', body: { changed_properties: properties, change_reason: reason }, pins },
  ];
}

const typeOf = (code: AccessCode): string => (code.wanted.schedule ? 'time_bound' : 'ongoing');

/** The changes that were asked for, before the device has confirmed any of them. */
export function requestedMutations(before: AccessCode, after: AccessCode): Draft[] {
  const mutations: { mutation_code: string; from: object; to: object }[] = [];
  const pins: PinPlace[] = [];
  if (before.wanted.name !== after.wanted.name) {
    mutations.push({
      mutation_code: 'updating_name',
      from: { name: before.wanted.name },
      to: { name: after.wanted.name },
    });
  }
  if (before.wanted.pinFingerprint !== after.wanted.pinFingerprint) {
    const at = `requested_mutations.${mutations.length}`;
    pins.push(
      { path: `${at}.from.code`, pin: before.wanted.pin },
      { path: `${at}.to.code`, pin: after.wanted.pin },
    );
    mutations.push({ mutation_code: 'updating_code', from: { code: null }, to: { code: null } });
  }
  if (!sameWindow(before.wanted.schedule, after.wanted.schedule)) {
    mutations.push({
      mutation_code: 'updating_time_frame',
      from: timeFrame(before.wanted.schedule),
      to: timeFrame(after.wanted.schedule),
    });
  }
  if (mutations.length === 0) return [];
  return [{ type: 'access_code.mutations_requested', body: { requested_mutations: mutations }, pins }];
}
