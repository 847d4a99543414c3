import { KeyErasedError, type Vault } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import { createHmac, randomBytes } from 'node:crypto';

/** Of so many requests it is remembered which PINs they named. */
const MOST_REMEMBERED = 10_000;

/** A request's PINs under the key of one code that it was about, so that they go with that code. */
export interface PinsOfCode {
  readonly keyId: string;
  readonly fingerprint: string;
}

/** What was asked without its PINs, and these as one text; null where it names none. */
export function withoutPins(asked: unknown): { readonly rest: unknown; readonly pins: string | null } {
  const pins: unknown[] = [];
  const rest = mapPins(asked, (pin) => void pins.push(pin));
  return { rest, pins: pins.length === 0 ? null : JSON.stringify(pins) };
}

/**
 * What is kept of the PINs that an answered request named. Nothing is where it was about no code: then they are
 * remembered by the process alone.
 * @param about the request's body and its answer, which name the codes
 */
export async function pinsOfCodes(vault: Vault, pins: string, about: unknown[]): Promise<PinsOfCode[]> {
  const kept: PinsOfCode[] = [];
  for (const keyId of new Set(about.flatMap(codeIdsIn))) {
    try {
      kept.push({ keyId, fingerprint: await vault.fingerprintUnder(keyId, pins) });
    } catch (error) {
      if (!(error instanceof KeyErasedError)) throw error;
    }
  }
  return kept;
}

/** Whether the PINs are others than those that were kept, as far as their codes are still there to tell. */
export async function areOtherPins(
  vault: Vault,
  pins: string | null,
  kept: readonly PinsOfCode[],
): Promise<boolean> {
  for (const { keyId, fingerprint } of kept) {
    try {
      if (pins === null || (await vault.fingerprintUnder(keyId, pins)) !== fingerprint) return true;
    } catch (error) {
      if (!(error instanceof KeyErasedError)) throw error;
    }
  }
  return false;
}

/** The PINs of requests lately, in this process: also of those that are under way, or were about no code. */
export class RememberedPins {
  private readonly key = randomBytes(32);
  private readonly byRequest = new LRUCache<string, string>({ max: MOST_REMEMBERED });

  remember(requestId: string, pins: string | null): void {
    this.byRequest.set(requestId, this.hash(pins));
  }

  areOthers(requestId: string, pins: string | null): boolean {
    const remembered = this.byRequest.get(requestId);
    return remembered !== undefined && remembered !== this.hash(pins);
  }

  private hash(pins: string | null): string {
    return createHmac('sha256', this.key)
      .update(pins ?? '')
      .digest('base64url');
  }
}

function mapPins(value: unknown, found: (pin: unknown) => void): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => mapPins(each, found));
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    fields.map(([name, field]) => {
      if (name !== 'code' || field === null) return [name, mapPins(field, found)];
      found(field);
      return [name, ''];
    }),
  );
}

function codeIdsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { access_code_id: id } = value as { access_code_id?: unknown };
  return [...(typeof id === 'string' ? [id] : []), ...Object.values(value).flatMap(codeIdsIn)];
}
