import { isEventType } from './event-types';

test.each(['*', 'access_code.*', 'access_code.unmanaged.*', 'access_code.set_on_device', 'lock.unlocked'])(
  '%s names events',
  (name) => expect(isEventType(name)).toBe(true),
);

test.each(['access_code', 'access_code.sett', 'acess_code.*', 'nothing.*', '**', '', 'lock.unlocked '])(
  '%j names none',
  (name) => expect(isEventType(name)).toBe(false),
);
