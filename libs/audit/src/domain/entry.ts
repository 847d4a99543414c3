import { type Actor, PERSONAL, putOwn, replacingPersonal } from '@latchkey/event-sourcing';

/** One fact as an audit shows it: who, when by both clocks, why, about what. It contains no PIN. */
export interface AuditEntry {
  readonly eventId: string;
  readonly type: string;
  /** When it happened by our clock, ms. */
  readonly occurredAt: number;
  /** When the event store took it by its own clock, ms. */
  readonly recordedAt: number;
  readonly actor: Actor;
  /** The request or the background work behind it. */
  readonly requestId: string;
  /** What caused it: a request, or another fact. */
  readonly causationId: string;
  readonly about: Subjects;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What a fact is about. */
export interface Subjects {
  readonly codeId: string | null;
  readonly deviceId: string | null;
  readonly accountId: string | null;
  readonly actionAttemptId: string | null;
  readonly connectWebviewId: string | null;
}

/** Seals and fingerprints of PINs are left out as well. */
export const OF_PINS: ReadonlySet<string> = new Set(['pin', 'pinFingerprint']);

/** A fact's data without anything of PINs, at any depth, in the API's spelling. What clients named themselves stays. */
export function detailOf(data: object): Record<string, unknown> {
  const detail: Record<string, unknown> = {};
  for (const name in data) {
    if (OF_PINS.has(name)) continue;
    const value = (data as Record<string, unknown>)[name];
    putOwn(detail, snakeCase(name), name === 'customMetadata' ? value : withoutPins(value));
  }
  return detail;
}

function withoutPins(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPins);
  return typeof value === 'object' && value !== null ? detailOf(value) : value;
}

/** Of the names in facts, which are few: replacing costs more than all else that is done for one. */
const spelled = new Map<string, string>();

function snakeCase(name: string): string {
  let found = spelled.get(name);
  if (found === undefined) {
    found = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    spelled.set(name, found);
  }
  return found;
}

/** A code's kept facts in the API's spelling, without any name of the code. */
export function namelessDetail(detail: Record<string, unknown>): Record<string, unknown> {
  return replacingPersonal(detail, () => null, '', PERSONAL_IN_DETAILS) as Record<string, unknown>;
}

const PERSONAL_IN_DETAILS: ReadonlySet<string> = new Set([...PERSONAL].map(snakeCase));
