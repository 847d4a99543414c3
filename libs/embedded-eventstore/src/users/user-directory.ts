import { status } from '@grpc/grpc-js';
import { Semaphore } from 'async-mutex';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { uuidBytes } from '@latchkey/eventstore-wire';
import { ADMINS, OPERATORS } from '../access/caller';
import { RpcError } from '../protocol/rpc-error';
import { type ProposedEvent, type StoredEvent } from '../storage/stored-event';
import { type NodeParts } from '../streams/context';
import { metadataEvent } from '../streams/stream-writer';
import { hashPassword, type PasswordHash, verifyPassword } from './password';

/** A user, as the newest event of its stream says. */
export interface User extends PasswordHash {
  readonly loginName: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

export interface UserRecord {
  readonly user: User;
  /** ms since 1970. */
  readonly lastUpdated: number;
}

/** Why a change of a user was refused. */
export class UserChangeRefused extends Error {
  constructor(readonly reason: 'not-found' | 'conflict' | 'unauthorized') {
    super(reason);
  }
}

const USERS_STREAM = '$users';
const NO_BYTES = new Uint8Array(0);
const ADMIN_ONLY = { $acl: { $w: ADMINS, $d: ADMINS, $mw: ADMINS } };

/** Passwords compared at a time: it takes processor and memory on purpose, and guesses must not take all there is. */
const COMPARED_AT_A_TIME = 2;

/** Guesses that may wait for their turn; more are turned away. */
const MOST_WAITING = 100;

/** The users of a node, kept as events: `$user-<login>` for each of them, and `$users` that lists them. */
export class UserDirectory {
  /** Logins that were right a moment ago: scrypt is slow on purpose, and each call brings its login. */
  private readonly verified = new LRUCache<string, string>({ max: 1000 });
  private readonly key = randomBytes(32);
  private readonly turns = new Semaphore(COMPARED_AT_A_TIME);
  private waiting = 0;
  /** Who is to hear when a login ends or changes. */
  private readonly listeners = new Map<string, Set<() => void>>();
  /** Stands in for an unknown user, so that guessing names takes as long as guessing passwords. */
  private readonly nobody = hashPassword(randomUUID());

  constructor(private readonly context: Pick<NodeParts, 'log' | 'commits' | 'reader' | 'writer'>) {}

  /** Makes admin and ops if they are not there, and what a new database has besides. */
  async initialize(passwords: { admin: string; ops: string }): Promise<void> {
    await this.ensure('admin', 'Event Store Administrator', [ADMINS], passwords.admin);
    await this.ensure('ops', 'Event Store Operations', [OPERATORS], passwords.ops);
  }

  find(loginName: string): UserRecord | undefined {
    const { reader } = this.context;
    const view = reader.view(streamOf(loginName));
    if (view.kind !== 'present') return undefined;
    const [event] = reader.backwards(view, view.lastRevision, 1);
    return event && { user: parseUser(event), lastUpdated: event.created };
  }

  /** Everybody, by login name. */
  list(): UserRecord[] {
    const { reader } = this.context;
    const view = reader.view(USERS_STREAM);
    if (view.kind !== 'present') return [];
    const names = new Set<string>();
    for (let next = 0; ;) {
      const page = reader.forwards(view, next, 256);
      if (page.length === 0) break;
      for (const event of page) names.add(Buffer.from(event.data).toString('utf8'));
      next = page.at(-1)!.revision + 1;
    }
    return [...names].sort().flatMap((name) => this.find(name) ?? []);
  }

  /** The user of this login, if the password is right and the user may log in. */
  async authenticate(loginName: string, password: string): Promise<User | undefined> {
    const record = this.find(loginName);
    if (!record) {
      await this.compare(password, await this.nobody);
      return undefined;
    }
    const { user } = record;
    const fingerprint = createHmac('sha256', this.key)
      .update(`${user.salt}\n${user.hash}\n${password}`)
      .digest('base64');
    if (this.verified.get(loginName) !== fingerprint) {
      if (!(await this.compare(password, user))) return undefined;
      this.verified.set(loginName, fingerprint);
    }
    // Comparing takes its time: the user may have been changed or deleted meanwhile.
    const current = this.find(loginName)?.user;
    return current?.hash === user.hash && !current.disabled ? current : undefined;
  }

  /** @throws RpcError RESOURCE_EXHAUSTED when too many wait already */
  private async compare(password: string, kept: PasswordHash): Promise<boolean> {
    if (this.waiting >= MOST_WAITING) {
      throw new RpcError(status.RESOURCE_EXHAUSTED, 'Too many logins are being checked.');
    }
    this.waiting += 1;
    try {
      return await this.turns.runExclusive(() => verifyPassword(password, kept));
    } finally {
      this.waiting -= 1;
    }
  }

  /** Repeating a creation with the same password succeeds. @throws UserChangeRefused */
  async create(
    loginName: string,
    fullName: string,
    groups: readonly string[],
    password: string,
  ): Promise<void> {
    const existing = this.find(loginName);
    if (existing) {
      if (await verifyPassword(password, existing.user)) return;
      throw new UserChangeRefused('conflict');
    }
    const user = { loginName, fullName, groups, ...(await hashPassword(password)), disabled: false };
    await this.context.commits.submit(() => {
      if (this.find(loginName)) throw new UserChangeRefused('conflict');
      const { log, writer } = this.context;
      log.append(`$$${streamOf(loginName)}`, [metadataEvent(Buffer.from(JSON.stringify(ADMIN_ONLY)))]);
      writer.append(streamOf(loginName), 'any', [userEvent('$UserCreated', user)]);
      writer.append(USERS_STREAM, 'any', [plainEvent('$User', loginName)]);
    });
  }

  /** Changes a user to what `change` makes of it. @throws UserChangeRefused */
  async change(loginName: string, change: (user: User) => User): Promise<void> {
    await this.context.commits.submit(() => {
      const record = this.find(loginName);
      if (!record) throw new UserChangeRefused('not-found');
      this.context.writer.append(streamOf(loginName), 'any', [
        userEvent('$UserUpdated', change(record.user)),
      ]);
    });
    this.changed(loginName);
  }

  async setPassword(loginName: string, password: string): Promise<void> {
    const hash = await hashPassword(password);
    await this.change(loginName, (user) => ({ ...user, ...hash }));
  }

  /** @throws UserChangeRefused when the current password is wrong, too */
  async changePassword(loginName: string, current: string, password: string): Promise<void> {
    const record = this.find(loginName);
    if (!record) throw new UserChangeRefused('not-found');
    if (!(await verifyPassword(current, record.user))) throw new UserChangeRefused('unauthorized');
    await this.setPassword(loginName, password);
  }

  async delete(loginName: string): Promise<void> {
    await this.context.commits.submit(() => {
      if (!this.find(loginName)) throw new UserChangeRefused('not-found');
      this.context.writer.softDelete(streamOf(loginName), 'any');
    });
    this.changed(loginName);
  }

  /** @returns how to stop listening */
  onChanged(loginName: string, listener: () => void): () => void {
    const listeners = this.listeners.get(loginName) ?? new Set();
    this.listeners.set(loginName, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(loginName) === listeners)
        this.listeners.delete(loginName);
    };
  }

  private changed(loginName: string): void {
    this.verified.delete(loginName);
    for (const listener of [...(this.listeners.get(loginName) ?? [])]) listener();
  }

  private async ensure(
    loginName: string,
    fullName: string,
    groups: string[],
    password: string,
  ): Promise<void> {
    if (!this.find(loginName)) await this.create(loginName, fullName, groups, password);
  }
}

function streamOf(loginName: string): string {
  return `$user-${loginName}`;
}

function userEvent(type: string, user: User): ProposedEvent {
  return { ...plainEvent(type, JSON.stringify(user)), isJson: true };
}

function plainEvent(type: string, data: string): ProposedEvent {
  return {
    id: uuidBytes(randomUUID()),
    type,
    isJson: false,
    data: Buffer.from(data, 'utf8'),
    metadata: NO_BYTES,
  };
}

function parseUser(event: StoredEvent): User {
  return JSON.parse(Buffer.from(event.data).toString('utf8')) as User;
}
