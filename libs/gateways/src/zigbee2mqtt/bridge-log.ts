import { z } from 'zod';

/**
 * A request to a lock that failed, as Zigbee2MQTT tells it in its log and nowhere else. The line itself holds what was
 * sent, PIN included, so nothing of its text is passed on.
 */
export interface FailedRequest {
  /** The name that the lock has at Zigbee2MQTT. */
  readonly name: string;
  readonly request: 'set' | 'get';
  /** Which property: `pin_code`, `state`. */
  readonly property: string;
  /** Which user's code it was about; null where the line does not say. */
  readonly slot: number | null;
  /**
   * - `timeout`: sent, and the lock did not answer: it may or may not have done it.
   * - `no-such-slot`: refused before anything was sent.
   * - `other`: it may have been sent.
   */
  readonly cause: 'timeout' | 'no-such-slot' | 'other';
}

const line = z.looseObject({ level: z.string().optional(), message: z.string() });

const FAILED = /^(?:z2m: )?Publish '(set|get)' '([a-z_]+)' to '(.+)' failed: '([^]*)$/;

/** What a message on `bridge/logging` says of a failed request; null if it is about something else. */
export function parseFailedRequest(text: string): FailedRequest | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const read = line.safeParse(parsed);
  if (!read.success) return null;
  const match = FAILED.exec(read.data.message);
  if (!match) return null;
  const [, request, property, name, reason] = match as unknown as [
    string,
    'set' | 'get',
    string,
    string,
    string,
  ];
  const slot = /"userid":(\d{1,5})\b/.exec(reason);
  return { name, request, property, slot: slot ? Number(slot[1]) : null, cause: causeOf(reason) };
}

function causeOf(reason: string): FailedRequest['cause'] {
  if (/must be in range/.test(reason)) return 'no-such-slot';
  return /\btime(?:d )?-?out\b/i.test(reason) ? 'timeout' : 'other';
}
