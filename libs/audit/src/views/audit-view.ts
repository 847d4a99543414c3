/** AuditView */
export const AUDIT_VIEW = Symbol('AUDIT_VIEW');

/** The audit's index while it is being folded. Only its own queries wait for it. */
export interface AuditView {
  /**
   * Resolves when it has folded everything that this process has appended by now.
   * @throws {ViewsBehind} when that takes too long
   */
  caughtUp(): Promise<void>;
}
