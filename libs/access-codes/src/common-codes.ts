import { type Cause, DeciderStreams, evolved, type EventStore } from '@latchkey/event-sourcing';
import type { Clock, Ids, Vault } from '@latchkey/platform';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccessCode } from './domain/access-code';
import {
  begin,
  binds,
  COMMON_CODE,
  type CommonCode,
  commonCodeCodec,
  type CommonCodeEvent,
  commonCodeFold,
  join,
  leave,
  OtherPin,
  pinsOf,
  type Seen,
} from './domain/common-code';
import type { SealedPin } from './domain/events';

/** How long to wait for a member that is being given another PIN, ms; then the caller is refused. */
const SETTLED_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 50;

/** The live codes of a workspace that have a key, by their ids, as far as is known. */
export type CodesWithKey = (workspaceId: string, commonCodeKey: string) => Promise<readonly string[]>;

/** A code that has a key, or is about to. */
export interface LinkedCode {
  readonly codeId: string;
  readonly workspaceId: string;
  readonly commonCodeKey: string;
}

/** A member is about to be given another PIN, or a crash has just prevented that. */
class BeingChanged extends Error {}

/** Makes sure that all codes with one common_code_key have one PIN, whichever instance gets the requests. */
export class CommonCodes {
  private readonly streams: DeciderStreams<CommonCode, CommonCodeEvent>;

  constructor(
    private readonly options: {
      readonly store: EventStore;
      readonly clock: Clock;
      readonly ids: Ids;
      /** No other process appends to these streams. */
      readonly alone?: boolean;
      readonly vault: Vault;
      readonly codeOf: (codeId: string) => Promise<AccessCode | null>;
      readonly codesWithKey: CodesWithKey;
    },
  ) {
    const { store, clock, ids, alone = false } = options;
    const of = { category: COMMON_CODE, codec: commonCodeCodec, fold: commonCodeFold };
    this.streams = new DeciderStreams({ store, clock, ids, alone, ...of });
  }

  /** The name of a key's stream: it does not show the key, and without the vault the key can't be guessed. */
  idOf({ workspaceId, commonCodeKey }: Omit<LinkedCode, 'codeId'>): string {
    return this.options.vault.fingerprint(`common code of ${workspaceId}`, commonCodeKey);
  }

  /** The PIN that others with the key have, and the one that the code itself has or is about to have; null: none. */
  async pinsOf(code: LinkedCode): Promise<{ readonly others: string | null; readonly own: string | null }> {
    return this.onceSettled(async () => {
      const { state } = await this.streams.load(this.idOf(code));
      const { common } = await this.withEarlier(state, code);
      const { pin } = await this.others(common, code.codeId);
      return { others: pin, own: await this.own(common, code.codeId) };
    });
  }

  /**
   * The code joins those with its key, before it is requested or given another PIN. A change is requested only if
   * nothing has happened to the code since it was read; otherwise the code joins again.
   * @throws {OtherPin} where they have another one
   */
  async join(code: LinkedCode, sealed: SealedPin, cause: Cause): Promise<void> {
    const { codeId } = code;
    const [wanted] = await this.options.vault.openAll([sealed]);
    await this.onceSettled(() =>
      this.streams.transact(this.idOf(code), cause, async (state) => {
        const { common, earlier } = await this.withEarlier(state, code);
        const { pin, gone } = await this.others(common, codeId);
        const others: Seen['others'] = pin === null ? null : pin === wanted ? 'have-it' : 'have-another';
        const joined = (await this.own(common, codeId)) === wanted;
        return join(state, { codeId, pin: sealed }, { gone, others, joined, earlier });
      }),
    );
  }

  /** The code binds no other any more. Should this never be recorded, the next code that joins finds out. */
  async leave(commonCodeId: string, codeId: string, cause: Cause): Promise<void> {
    await this.streams.transact(commonCodeId, cause, (state) => leave(state, codeId));
  }

  /** The same for an existing code; nothing where it has no key. */
  async leaveAs({ codeId, workspaceId, wanted: { commonCodeKey } }: AccessCode, cause: Cause): Promise<void> {
    if (commonCodeKey !== null) await this.leave(this.idOf({ workspaceId, commonCodeKey }), codeId, cause);
  }

  /** The codes that have joined, in no order. */
  async members(code: Omit<LinkedCode, 'codeId'>): Promise<string[]> {
    const { state } = await this.streams.load(this.idOf(code));
    return [...state.members.entries()].map(([codeId]) => codeId);
  }

  private async withEarlier(state: CommonCode, { workspaceId, commonCodeKey }: LinkedCode) {
    const earlier = state.begun ? [] : await this.options.codesWithKey(workspaceId, commonCodeKey);
    return { earlier, common: evolved(commonCodeFold, state, begin(state, earlier), 0) };
  }

  /** Looks at one member after another until one is found that binds, and whose PIN can be read. */
  private async others(
    { members }: CommonCode,
    except: string,
  ): Promise<{ pin: string | null; gone: string[] }> {
    const { clock, vault, codeOf } = this.options;
    const gone: string[] = [];
    for (const [codeId, member] of members.entries()) {
      if (codeId === except) continue;
      const code = await codeOf(codeId);
      const now = clock.now();
      if (!binds(member, code, now)) {
        gone.push(codeId);
        continue;
      }
      const [pin, next = pin] = await vault.openAll(pinsOf(member, code, now));
      if (pin !== next) throw new BeingChanged();
      if (pin != null) return { pin, gone };
    }
    return { pin: null, gone };
  }

  /** The PIN that the code has joined with, or is about to. */
  private async own({ members }: CommonCode, codeId: string): Promise<string | null> {
    const { clock, vault, codeOf } = this.options;
    const member = members.get(codeId);
    if (!member) return null;
    const opened = await vault.openAll(pinsOf(member, await codeOf(codeId), clock.now()));
    return opened.at(-1) ?? null;
  }

  private async onceSettled<T>(work: () => Promise<T>): Promise<T> {
    const until = performance.now() + SETTLED_WITHIN_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof BeingChanged)) throw error;
        if (performance.now() > until)
          throw new OtherPin(
            'Another access code with this common_code_key is just being given another code. Try again later.',
          );
      }
      await delay(LOOK_AGAIN_MS);
    }
  }
}
