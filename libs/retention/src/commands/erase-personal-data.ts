import { type AccessCode, CleanUp, erase, isGone, Streams } from '@latchkey/access-codes';
import { AUDIT_VIEW, type AuditTables, type AuditView, codesNamed } from '@latchkey/audit';
import type { Database } from '@latchkey/database';
import {
  type Caller,
  causedBy,
  laterPosition,
  type Position,
  Refusal,
  VIEW_BARRIER,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import { AUDIT_DATABASE, SECOND } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { setTimeout as delay } from 'node:timers/promises';
import { ErasePersonalData, type ErasureOf, type ErasureOfCode } from './commands';

/** How long an answer waits for the erasure to be carried out, ms. */
const CARRIED_OUT_WITHIN_MS = 5 * SECOND;
const ASK_EVERY_MS = 50;

/**
 * Decides on each code by itself, and then waits until it is carried out, which goes on when it takes longer. A code that
 * may still open a door is refused, and the others are not held up by it.
 */
@CommandHandler(ErasePersonalData)
export class ErasePersonalDataHandler implements ICommandHandler<ErasePersonalData> {
  constructor(
    private readonly streams: Streams,
    private readonly cleanUp: CleanUp,
    @Inject(AUDIT_DATABASE) private readonly audit: Database<AuditTables>,
    @Inject(AUDIT_VIEW) private readonly auditView: AuditView,
    @Inject(VIEW_BARRIER) private readonly barrier: ViewBarrier,
  ) {}

  async execute({ caller, of, isDry }: ErasePersonalData): Promise<ErasureOfCode[]> {
    const decided = await this.decideAll(caller, of, isDry);
    return isDry ? decided : this.carriedOut(decided, CARRIED_OUT_WITHIN_MS);
  }

  /** Decides on each of the codes. @param isDry nothing is recorded */
  async decideAll(caller: Caller, of: ErasureOf, isDry: boolean): Promise<ErasureOfCode[]> {
    const decided: ErasureOfCode[] = [];
    let last: Position | undefined;
    for (const code of await this.codesOf(caller, of)) {
      const { outcome, position } = await this.decide(caller, code, isDry);
      decided.push(outcome);
      last = laterPosition(last, position ?? last);
    }
    await this.barrier.reached(last);
    return decided;
  }

  /** The same, once what was decided is carried out; what is not by then is under way. @param withinMs by the wall */
  async carriedOut(decided: readonly ErasureOfCode[], withinMs: number): Promise<ErasureOfCode[]> {
    const until = performance.now() + withinMs;
    let left = decided.flatMap(({ accessCodeId, result }) => (result === 'erased' ? [accessCodeId] : []));
    for (;;) {
      const states = await Promise.all(left.map((id) => this.streams.codes.load(id)));
      left = left.filter((_, n) => states[n]!.state?.erasure !== 'completed');
      if (left.length === 0 || performance.now() > until) break;
      await delay(ASK_EVERY_MS);
    }
    return decided.map((each): ErasureOfCode =>
      left.includes(each.accessCodeId) ? { accessCodeId: each.accessCodeId, result: 'under-way' } : each,
    );
  }

  private async codesOf({ workspaceId }: Caller, of: ErasureOf): Promise<AccessCode[]> {
    let ids: readonly string[];
    if ('name' in of) {
      await this.auditView.caughtUp();
      ids = await codesNamed(this.audit, workspaceId, of.name);
    } else ids = [of.accessCodeId];
    const codes: AccessCode[] = [];
    for (const id of ids) {
      const { state: code } = await this.streams.codes.load(id);
      if (code?.workspaceId === workspaceId) codes.push(code);
      else if ('accessCodeId' in of) throw Refusal.absent('access code');
    }
    return codes;
  }

  private async decide(
    caller: Caller,
    code: AccessCode,
    isDry: boolean,
  ): Promise<{ readonly outcome: ErasureOfCode; readonly position?: Position | undefined }> {
    const { codeId, deviceId } = code;
    const cause = causedBy(caller);
    try {
      if (isDry) {
        erase(code);
        return { outcome: { accessCodeId: codeId, result: 'would-be-erased' } };
      }
      // What it shares with others is found by its key, which is erased as well.
      if (isGone(code) && !code.erasure) await this.cleanUp.after(deviceId, [code], cause);
      const { position } = await this.streams.codes.transact(codeId, cause, erase);
      return { outcome: { accessCodeId: codeId, result: 'erased' }, position };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { reason, message } = error;
      const why = 'why' in reason ? reason.why : reason.kind;
      return { outcome: { accessCodeId: codeId, result: 'refused', why, message } };
    }
  }
}
