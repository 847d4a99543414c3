import { randomUUID } from 'node:crypto';
import type { Admission } from './admission';
import { type SimulatedClock, iso } from './clock';
import { type Codes, contentOf } from './codes';
import type { CloudDatabase } from './database';
import { Refusal } from './errors';
import { keptName } from './kept-name';
import type { Locks } from './locks';
import {
  type Abilities,
  type Code,
  type CodeContent,
  type Lock,
  type LockEvent,
  type Operation,
  outOfReach,
} from './model';
import { InOrder } from './rows';
import { Table } from './table';
import type { Webhooks } from './webhooks';

interface Pending {
  readonly seq: number;
  readonly operation: Operation;
  readonly due_at: number;
}

/** So many that are due are performed in one transaction. */
const AT_ONCE = 64;

const isHere = () => 'here';

const eventOf = {
  create: 'access_code.created',
  update: 'access_code.updated',
  delete: 'access_code.deleted',
} as const;

/** A content as the lock keeps it. */
const asKept = (abilities: Abilities, content: CodeContent): CodeContent => ({
  ...content,
  name: keptName(abilities, content.name),
});

/**
 * What was accepted and is to be performed by the locks: one operation at a time per lock, in order, each
 * taking the lock's latency on the simulated clock. Kept in the database, so a restart goes on with them.
 */
export class Operations {
  private readonly byDue = new InOrder<Pending>(isHere, ({ due_at }) => due_at);
  private readonly byLock = new InOrder<Pending>(
    ({ operation }) => operation.lock_id,
    ({ due_at }) => due_at,
  );
  private readonly bySubject = new InOrder<Pending>(({ operation }) => operation.subject_id);
  private readonly table: Table<Pending>;

  constructor(
    private readonly db: CloudDatabase,
    private readonly clock: SimulatedClock,
    private readonly locks: Locks,
    private readonly codes: Codes,
    private readonly admission: Admission,
    private readonly webhooks: Webhooks,
  ) {
    this.table = new Table(db, {
      name: 'operations',
      indexes: [this.byDue, this.byLock, this.bySubject],
      columns: { payload: ({ operation }) => JSON.stringify(operation), due_at: ({ due_at }) => due_at },
      read: ({ seq, payload, due_at }) => ({
        seq: Number(seq),
        operation: JSON.parse(String(payload)) as Operation,
        due_at: Number(due_at),
      }),
    });
  }

  /** Accepts a new code: pending until the lock has performed it. */
  create(lock: Lock, content: CodeContent): Code {
    this.admission.admitNew(lock, content, 'on the lock or on the way', this.clock.now());
    const accessCodeId = randomUUID();
    const code = this.codes.add(accessCodeId, lock.lock_id, content, 'pending');
    this.enqueue(lock, { kind: 'create', lock_id: lock.lock_id, subject_id: accessCodeId });
    return code;
  }

  /** Accepts a change of the fields given; the others stay what they are, or are about to be. */
  update(lock: Lock, code: Code, change: Partial<CodeContent>): Code {
    if (code.deleting) throw new Refusal(404, 'NOT_FOUND', 'The code is being deleted.');
    const before = code.planned ?? contentOf(code);
    const planned = { ...before, ...change };
    this.admission.admitChange(lock, code, before, planned, 'on the lock or on the way', this.clock.now());
    this.codes.setPlanned(code.access_code_id, planned);
    this.enqueue(lock, { kind: 'update', lock_id: lock.lock_id, subject_id: code.access_code_id, change });
    return { ...code, planned };
  }

  /** Accepts the removal of a code, after all that is pending for it. Asking again changes nothing. */
  delete(lock: Lock, code: Code): Code {
    if (code.deleting) return code;
    this.codes.setDeleting(code.access_code_id, true);
    this.enqueue(lock, { kind: 'delete', lock_id: lock.lock_id, subject_id: code.access_code_id });
    return { ...code, deleting: true };
  }

  /** Accepts locking or unlocking by remote; answers the id of the action. */
  act(lock: Lock, action: 'lock' | 'unlock', customId: string | null): string {
    const able = action === 'lock' ? lock.abilities.can_remotely_lock : lock.abilities.can_remotely_unlock;
    if (!able) throw new Refusal(422, 'ACTION_NOT_SUPPORTED', `This lock cannot ${action} by remote.`);
    const actionId = randomUUID();
    this.enqueue(lock, {
      kind: 'action',
      lock_id: lock.lock_id,
      subject_id: actionId,
      action,
      custom_id: customId,
    });
    return actionId;
  }

  forget(lockId: string): void {
    for (const pending of [...this.byLock.of(lockId)]) this.table.delete(pending);
  }

  /** The instant of the next operation, or null. */
  nextDue(): number | null {
    return this.byDue.of(isHere())[0]?.due_at ?? null;
  }

  /** Performs everything due up to `now`, in order, each at its own instant. */
  performDue(now: number): void {
    for (;;) {
      const due = this.dueBy(now);
      if (due.length === 0) return;
      this.db.transact(() => {
        for (const pending of due) {
          this.table.delete(pending);
          this.perform(pending.operation, pending.due_at);
          this.clock.countActivity();
        }
      });
    }
  }

  private dueBy(now: number): Pending[] {
    const due: Pending[] = [];
    for (const pending of this.byDue.of(isHere())) {
      if (pending.due_at > now || due.length === AT_ONCE) break;
      due.push(pending);
    }
    return due;
  }

  private enqueue(lock: Lock, operation: Operation): void {
    const free = Math.max(this.clock.now(), this.byLock.of(lock.lock_id).at(-1)?.due_at ?? 0);
    this.table.put({ seq: this.table.nextSeq(), operation, due_at: free + lock.faults.latency_ms });
  }

  private perform(operation: Operation, at: number): void {
    const lock = this.locks.get(operation.lock_id);
    if (!lock) return;
    const failure = this.tryToPerform(lock, operation, at);
    const base = { device_id: lock.lock_id, status: failure === null ? 'success' : 'failed' };
    const reason = failure === null ? {} : { error_code: failure };
    if (operation.kind === 'action') {
      const { subject_id: action_id, custom_id, action } = operation;
      const completed = { action_id, custom_id, action, performed_via: 'remote_api' };
      this.publish(lock, { event_type: 'lock.action_completed', ...base, ...reason, ...completed }, at);
    } else {
      const event_type = eventOf[operation.kind];
      this.publish(lock, { event_type, ...base, ...reason, access_code_id: operation.subject_id }, at);
    }
  }

  private publish(lock: Lock, event: LockEvent, at: number): void {
    this.webhooks.publish(lock, { ...event, timestamp: iso(at) }, at);
  }

  /** Answers the error code if the lock could not do it, else null. */
  private tryToPerform(lock: Lock, operation: Operation, at: number): string | null {
    const failure = outOfReach(lock.faults) ? 'DEVICE_OFFLINE' : lock.faults.fail;
    if (operation.kind === 'action') {
      if (failure === null)
        this.locks.setState(lock, operation.action === 'lock' ? 'locked' : 'unlocked', at);
      return failure;
    }
    const code = this.codes.get(operation.subject_id);
    try {
      if (failure !== null) throw new Refusal(409, failure, failure);
      if (!code) throw new Refusal(404, 'NOT_FOUND', 'The code is gone.');
      this.change(lock, code, operation, at);
      return null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (code) this.giveUp(code, operation);
      return error.code;
    }
  }

  private change(
    lock: Lock,
    code: Code,
    operation: Exclude<Operation, { kind: 'action' }>,
    at: number,
  ): void {
    switch (operation.kind) {
      case 'create':
        // Somebody else's hand may have been at the lock since this was accepted.
        this.admission.admitNew(lock, contentOf(code), 'on the lock', at);
        this.codes.setActive(code.access_code_id, asKept(lock.abilities, contentOf(code)));
        return;
      case 'update': {
        const after = asKept(lock.abilities, { ...contentOf(code), ...operation.change });
        if (code.status === 'pending') throw new Refusal(404, 'NOT_FOUND', 'The code is not on the lock.');
        this.admission.admitChange(lock, code, contentOf(code), after, 'on the lock', at);
        this.codes.setActive(code.access_code_id, after);
        this.planAgain({ ...code, ...after });
        return;
      }
      case 'delete':
        this.codes.delete(code.access_code_id);
        return;
    }
  }

  private giveUp(code: Code, operation: Exclude<Operation, { kind: 'action' }>): void {
    if (operation.kind === 'create') this.codes.delete(code.access_code_id);
    else if (operation.kind === 'update') this.planAgain(code);
    else this.codes.setDeleting(code.access_code_id, false);
  }

  /** After a change was performed or given up: what the changes still pending will make of the code. */
  planAgain(code: Code): void {
    const pending = this.bySubject
      .of(code.access_code_id)
      .map(({ operation }) => operation)
      .filter((operation) => operation.kind === 'update');
    const planned = pending.reduce((content, { change }) => ({ ...content, ...change }), contentOf(code));
    this.codes.setPlanned(code.access_code_id, pending.length === 0 ? null : planned);
  }
}
