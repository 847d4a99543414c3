import { type Caller, isAbsence, Refusal } from '@latchkey/event-sourcing';
import { ApiError, DAY, MINUTE } from '@latchkey/platform';
import { argument } from '../route/parameters';

/** Records which deletions have begun, on all instances. */
export interface BegunDeletes {
  /**
   * Records that a deletion has begun.
   * @param name what tells it from others
   * @param within ms
   * @returns whether it had been begun before, not longer ago than that
   */
  begin(name: string, within: number): Promise<boolean>;
  /** It was never begun. */
  forget(name: string): Promise<void>;
}

/** What identifies a request when it is repeated; null for one that can't be a repetition. */
export type Repeatable = { readonly by: string; readonly within: number } | null;

/** Longer than any client's automatic retries take, ms. */
const RETRIES_END_WITHIN = 2 * MINUTE;
const KEY_LASTS = DAY;

/**
 * Whether the request may be a repetition of one whose answer was lost: a DELETE, which clients repeat by themselves,
 * or what comes with an Idempotency-Key.
 */
export const MayBeRepeated = (): ParameterDecorator =>
  argument(({ request }): Repeatable => {
    const key = request.headers['idempotency-key'];
    if (key !== undefined) return { by: `key ${String(key)}`, within: KEY_LASTS };
    return request.method === 'DELETE' ? { by: 'verb', within: RETRIES_END_WITHIN } : null;
  });

/**
 * Deletions that may be repeated: a client that repeats one because the answer was lost gets a success, and not a 404.
 * Only the API key that asked for the deletion does.
 */
export class RepeatableDeletes {
  constructor(private readonly begun: BegunDeletes) {}

  /**
   * @param id of what is to be deleted
   * @param work deletes it, and throws where it does not exist
   */
  async run(caller: Caller, repeatable: Repeatable, id: string, work: () => Promise<unknown>): Promise<void> {
    if (!repeatable) return void (await work());
    const { actor, workspaceId } = caller;
    const name = JSON.stringify([workspaceId, actor, id, repeatable.by]);
    const isRepeated = await this.begun.begin(name, repeatable.within);
    try {
      await work();
    } catch (error) {
      if (isNotThere(error) && isRepeated) return;
      // A deletion that failed on our side may have been done.
      if (!isRepeated && isRefused(error)) await this.begun.forget(name).catch(() => undefined);
      throw error;
    }
  }
}

const isNotThere = (error: unknown): boolean =>
  isAbsence(error) || (error instanceof ApiError && error.status === 404);

const isRefused = (error: unknown): boolean =>
  error instanceof Refusal || (error instanceof ApiError && error.status < 500);
