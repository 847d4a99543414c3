import type { Database } from '@latchkey/database';
import { VAULT, type Vault, VIEWS_DATABASE } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { CODES, type CodesTables } from './codes-projection';
import { endOf } from '../domain/life';

/** The PIN that the codes with a common key have; null where there is no such code. */
export class GetLinkedPin extends Query<string | null> {
  constructor(
    readonly workspaceId: string,
    readonly commonCodeKey: string,
    /** A code that is not looked at. */
    readonly exceptCodeId?: string,
  ) {
    super();
  }
}

@QueryHandler(GetLinkedPin)
export class GetLinkedPinHandler implements IQueryHandler<GetLinkedPin> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<CodesTables>,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute({ workspaceId, commonCodeKey, exceptCodeId }: GetLinkedPin): Promise<string | null> {
    const rows = await this.views.db
      .selectFrom(CODES)
      .select(['code_id', 'state'])
      .where('workspace_id', '=', workspaceId)
      .where('common_code_key', '=', commonCodeKey)
      .where('live_at', 'is not', null)
      .orderBy('live_at')
      .execute();
    for (const row of rows) {
      const code = JSON.parse(row.state) as AccessCode;
      // What is going links nothing any more.
      if (row.code_id === exceptCodeId || endOf(code)) continue;
      const [pin] = await this.vault.openAll([code.wanted.pin]);
      if (pin) return pin;
    }
    return null;
  }
}
