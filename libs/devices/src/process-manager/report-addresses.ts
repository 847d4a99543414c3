import type { Records } from '@latchkey/database';
import { type AccountRef, reportsPath } from '@latchkey/gateways';
import type { Random } from '@latchkey/platform';
import { timingSafeEqual } from 'node:crypto';

const keyOf = (accountId: string): string => `report_token/${accountId}`;

/**
 * Where an account's lock maker sends what its locks report: an address of the account's own, whose secret part only
 * the maker and the account's owner know. Reports sent there count only for that account's locks.
 */
export class ReportAddresses {
  constructor(
    private readonly settings: Pick<Records['settings'], 'getSecret' | 'setSecretIfAbsent' | 'delete'>,
    private readonly random: Random,
  ) {}

  /** The path for an account's reports, created on first use. */
  async pathFor({ accountId, maker }: AccountRef): Promise<string> {
    const drawn = this.random.bytes(24).toString('base64url');
    return pathOf(maker, accountId, await this.settings.setSecretIfAbsent(keyOf(accountId), drawn));
  }

  /** The path for an account's reports; null where none was ever created. */
  async pathOf({ accountId, maker }: AccountRef): Promise<string | null> {
    const secret = await this.settings.getSecret(keyOf(accountId));
    return secret === null ? null : pathOf(maker, accountId, secret);
  }

  /** The account that an address is for, by its last part; null where there is no such address. */
  async accountOf(token: string): Promise<string | null> {
    const [accountId = '', given = ''] = token.split('.');
    const expected = await this.settings.getSecret(keyOf(accountId));
    return expected !== null && sameText(expected, given) ? accountId : null;
  }

  /** The account's address accepts no more reports. */
  async forget(accountId: string): Promise<void> {
    await this.settings.delete(keyOf(accountId));
  }
}

const pathOf = (maker: string, accountId: string, secret: string): string =>
  reportsPath(maker, `${accountId}.${secret}`);

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
