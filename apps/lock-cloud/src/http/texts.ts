import type { FastifyReply } from 'fastify';
import { type SimulatedClock, iso } from '../clock';
import type { Code, Lock } from '../model';
import { codeView, lockView } from './views';

/** The answer to a question for many, as text: the text of a row is made once, for a row never changes. */

const TIME = '"device_time":"';

/** Before and after the time that its clock shows, the only thing about a lock that passes. */
const aroundTime = new WeakMap<Lock, readonly [before: string, after: string]>();
const ofCode = new WeakMap<Code, string>();

export const sendJson = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(text);

export function locksText(locks: readonly Lock[], clock: SimulatedClock): string {
  const now = clock.now();
  let [drift, time] = [0, iso(now)];
  let text = '';
  for (const lock of locks) {
    const around = aroundTime.get(lock) ?? splitAtTime(lock, clock);
    if (lock.faults.clock_drift_ms !== drift) {
      drift = lock.faults.clock_drift_ms;
      time = iso(now + drift);
    }
    text += `${text === '' ? '' : ','}${around[0]}${time}${around[1]}`;
  }
  return `{"locks":[${text}]}`;
}

export function codesText(codes: readonly Code[]): string {
  return `{"access_codes":[${codes.map(codeText).join(',')}]}`;
}

function splitAtTime(lock: Lock, clock: SimulatedClock): readonly [string, string] {
  const view = lockView(lock, clock);
  const text = JSON.stringify(view);
  // A name that holds these very characters has its quotes escaped.
  const begin = text.indexOf(TIME) + TIME.length;
  const around = [text.slice(0, begin), text.slice(begin + view.device_time.length)] as const;
  aroundTime.set(lock, around);
  return around;
}

function codeText(code: Code): string {
  const known = ofCode.get(code);
  if (known !== undefined) return known;
  const text = JSON.stringify(codeView(code));
  ofCode.set(code, text);
  return text;
}
