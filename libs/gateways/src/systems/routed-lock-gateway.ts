import type { HttpLockGateway } from '../http/http-lock-gateway';
import type { FoundSystem, LocalAdapter, LocalConnection, LocalSystem } from '../local';
import type { AccountRef, Answer, LockCode, LockGateway, LockRef, Refusal } from '../lock-gateway';
import { isLocal, type LocalKind, type LockSystem } from './lock-system';

/**
 * The way to all locks: each call goes to the adapter of the lock system that the account names. What is asked of an
 * account beside its locks (where its reports go, the end of its grant) means for a local system: its connection.
 */
export class RoutedLockGateway implements LockGateway {
  constructor(
    private readonly options: {
      readonly systems: ReadonlyMap<string, LockSystem>;
      readonly http: HttpLockGateway;
      readonly local: ReadonlyMap<LocalKind, LocalAdapter>;
    },
  ) {}

  locks(account: AccountRef) {
    return this.of(account).locks(account);
  }

  program(lock: LockRef, code: LockCode) {
    return this.of(lock).program(lock, code);
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode) {
    return this.of(lock).change(lock, lockCodeId, code);
  }

  remove(lock: LockRef, lockCodeId: string) {
    return this.of(lock).remove(lock, lockCodeId);
  }

  list(lock: LockRef) {
    return this.of(lock).list(lock);
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string) {
    return this.of(lock).operate(lock, action, actionId);
  }

  /** Has what the account's locks report come to us: by `url`, or by the connection to a local system. */
  async takeReports(account: AccountRef, url: () => Promise<string>): Promise<Answer<object>> {
    const local = this.localOf(account);
    if (!local) return this.options.http.registerWebhook(account, await url());
    await local.open(account);
    return { kind: 'answered', value: {} };
  }

  /** Has a lock maker report to `url`; of no meaning to a local system. */
  registerWebhook(account: AccountRef, url: string) {
    return this.options.http.registerWebhook(account, url);
  }

  /** Ends the account's webhooks whose URL ends so; a local system has none. */
  unregisterWebhooks(account: AccountRef, urlEnding: string): Promise<Answer<{ ended: number }>> {
    if (this.localOf(account)) return Promise.resolve({ kind: 'answered', value: { ended: 0 } });
    return this.options.http.unregisterWebhooks(account, urlEnding);
  }

  /** Ends the account's grant at its maker, or its connection to a local system. */
  async revokeTokens(account: AccountRef): Promise<Answer<void>> {
    const local = this.localOf(account);
    if (!local) return this.options.http.revokeTokens(account);
    await local.forget(account);
    return { kind: 'answered', value: undefined };
  }

  /** Tries what somebody gave for reaching a local system. */
  check(system: LocalSystem, given: LocalConnection): Promise<Answer<FoundSystem>> {
    const adapter = this.options.local.get(system.kind);
    return adapter ? adapter.check(system, given) : Promise.resolve(notNamed(system.name));
  }

  /** Drops what is in flight and closes all connections. */
  async close(): Promise<void> {
    const { http, local } = this.options;
    await Promise.all([http.close(), ...[...local.values()].map((adapter) => adapter.close())]);
  }

  private of(account: AccountRef): LockGateway {
    return this.localOf(account) ?? this.options.http;
  }

  private localOf({ maker }: AccountRef): LocalAdapter | undefined {
    const { systems, local } = this.options;
    const system = systems.get(maker);
    return isLocal(system) ? local.get(system.kind) : undefined;
  }
}

const notNamed = (name: string): Refusal => ({
  kind: 'unreachable',
  message: `${name} is not in the file of lock systems.`,
});
