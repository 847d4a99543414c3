import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { SimulatedClock } from './clock';
import type { CloudDatabase } from './database';

export interface Account {
  account_id: string;
  name: string;
}

/** Lifetimes on the simulated clock. */
const ACCESS_TOKEN_MS = 3600_000;
const AUTHORIZATION_CODE_MS = 600_000;

/** No tenant is called so. */
const NOBODY = '';

interface GrantRow {
  account_id: string;
  grant_id: string;
}

type TokenRow = GrantRow & { expires_at: number | null };

export interface Tokens {
  access_token: string;
  refresh_token: string;
  /** Seconds. */
  expires_in: number;
  /** Stable per account. */
  user_id: string;
}

const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url');
const secret = (prefix: string) => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** Sandbox accounts, and the authorizations given for them. Codes and tokens are kept as hashes only. */
export class Accounts {
  /** What the access tokens stand for that were shown since tokens last changed. */
  private readonly shown = new Map<string, TokenRow>();
  private readonly everyOne;
  private readonly byId;
  private readonly byName;
  private readonly insert;
  private readonly insertTenant;
  private readonly openTo;
  private readonly insertCode;
  private readonly codeByHash;
  private readonly useCode;
  private readonly removeOldCodes;
  private readonly insertToken;
  private readonly tokenByHash;
  private readonly removeGrant;
  private readonly removeOldTokens;

  constructor(
    private readonly db: CloudDatabase,
    private readonly clock: SimulatedClock,
  ) {
    this.everyOne = db.prepare<[], Account>('SELECT account_id, name FROM accounts ORDER BY seq');
    this.byId = db.prepare<[string], Account>('SELECT account_id, name FROM accounts WHERE account_id = ?');
    this.byName = db.prepare<[string], Account>('SELECT account_id, name FROM accounts WHERE name = ?');
    this.insert = db.prepare<[string, string]>('INSERT INTO accounts (account_id, name) VALUES (?, ?)');
    this.insertTenant = db.prepare<[string, string]>(
      'INSERT OR IGNORE INTO account_tenants (account_id, tenant) VALUES (?, ?)',
    );
    this.openTo = db.prepare<[string], Account>(
      `SELECT account_id, name FROM accounts a
       WHERE NOT EXISTS (SELECT 1 FROM account_tenants t WHERE t.account_id = a.account_id)
          OR EXISTS (SELECT 1 FROM account_tenants t WHERE t.account_id = a.account_id AND t.tenant = ?)
       ORDER BY seq`,
    );
    this.insertCode = db.prepare<[string, string, string | null, number, string, string | null]>(
      `INSERT INTO authorization_codes (code_hash, account_id, redirect_uri, expires_at, grant_id, code_challenge)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.codeByHash = db.prepare<
      [string],
      GrantRow & {
        redirect_uri: string | null;
        expires_at: number;
        used: number;
        /** SHA-256 (base64url) of the verifier that the code is for. */
        code_challenge: string | null;
      }
    >('SELECT * FROM authorization_codes WHERE code_hash = ?');
    this.useCode = db.prepare<[string]>('UPDATE authorization_codes SET used = 1 WHERE code_hash = ?');
    this.removeOldCodes = db.prepare<[number]>('DELETE FROM authorization_codes WHERE expires_at < ?');
    this.insertToken = db.prepare<[string, string, string, string, number | null]>(
      'INSERT INTO tokens (token_hash, kind, account_id, grant_id, expires_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.tokenByHash = db.prepare<[string, string], TokenRow>(
      'SELECT * FROM tokens WHERE token_hash = ? AND kind = ?',
    );
    this.removeGrant = db.prepare<[string]>('DELETE FROM tokens WHERE grant_id = ?');
    this.removeOldTokens = db.prepare<[number]>('DELETE FROM tokens WHERE expires_at < ?');
  }

  all(): Account[] {
    return this.everyOne.all();
  }

  /** Those that a tenant of the client may connect: its own, and those that are nobody's yet. */
  open(tenant: string | null): Account[] {
    return this.openTo.all(tenant ?? NOBODY);
  }

  /** From now on the account is the tenant's too, and nobody else's whose it was not. */
  giveTo(tenant: string, accountId: string): void {
    this.insertTenant.run(accountId, tenant);
  }

  get(accountId: string): Account | undefined {
    return this.byId.get(accountId);
  }

  named(name: string): Account | undefined {
    return this.byName.get(name);
  }

  add(name: string): Account {
    const account = { account_id: randomUUID(), name };
    this.insert.run(account.account_id, name);
    return account;
  }

  /** A code that can be exchanged once, within ten minutes, for tokens of the account. */
  authorize(account: Account, redirectUri: string | null, codeChallenge?: string): string {
    const code = secret('code');
    this.db.transact(() => {
      this.removeOldCodes.run(this.clock.now());
      const expires = this.clock.now() + AUTHORIZATION_CODE_MS;
      const { account_id } = account;
      this.insertCode.run(hash(code), account_id, redirectUri, expires, randomUUID(), codeChallenge ?? null);
    });
    return code;
  }

  /** Tokens for an authorization code, or null if it isn't good. A code used twice ends what it gave before. */
  exchange(code: string, redirectUri: string | null, codeVerifier = ''): Tokens | null {
    return this.db.transact(() => {
      const found = this.codeByHash.get(hash(code));
      if (!found) return null;
      if (found.used) {
        this.end(found);
        return null;
      }
      const expired = found.expires_at <= this.clock.now();
      if (expired || (found.redirect_uri !== null && found.redirect_uri !== redirectUri)) return null;
      if (found.code_challenge !== null && found.code_challenge !== hash(codeVerifier)) return null;
      this.useCode.run(hash(code));
      const refreshToken = secret('refresh');
      this.insertToken.run(hash(refreshToken), 'refresh', found.account_id, found.grant_id, null);
      return this.issue(found, refreshToken);
    });
  }

  /**
   * Another access token; the earlier ones stay valid to their end. The refresh token stays the same, so that
   * a client that never saw the answer is not locked out.
   */
  refresh(refreshToken: string): Tokens | null {
    return this.db.transact(() => {
      const found = this.tokenByHash.get(hash(refreshToken), 'refresh');
      return found ? this.issue(found, refreshToken) : null;
    });
  }

  /** Ends a grant with all its tokens; an unknown token could not be used anyway (RFC 7009, 2.2). */
  revoke(refreshToken: string): void {
    this.db.transact(() => {
      const found = this.tokenByHash.get(hash(refreshToken), 'refresh');
      if (found) this.end(found);
    });
  }

  /** The account that a valid access token stands for, or null. */
  accountOf(accessToken: string): string | null {
    const found = this.shown.get(accessToken) ?? this.tokenByHash.get(hash(accessToken), 'access');
    if (found) this.shown.set(accessToken, found);
    return found && (found.expires_at ?? 0) > this.clock.now() ? found.account_id : null;
  }

  private end(grant: GrantRow): void {
    this.shown.clear();
    this.removeGrant.run(grant.grant_id);
  }

  private issue(grant: GrantRow, refreshToken: string): Tokens {
    const now = this.clock.now();
    const accessToken = secret('access');
    this.shown.clear();
    this.removeOldTokens.run(now);
    this.insertToken.run(
      hash(accessToken),
      'access',
      grant.account_id,
      grant.grant_id,
      now + ACCESS_TOKEN_MS,
    );
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: ACCESS_TOKEN_MS / 1000,
      user_id: grant.account_id,
    };
  }
}
