import { Refusal } from '@latchkey/event-sourcing';
import { absent } from '../domain/refused';
import { type Database, inSteps } from '@latchkey/database';
import { DEVICES, type DevicesTables } from '@latchkey/devices';
import { emptyPage, type Page, startOf, type Vault, VAULT, VIEWS_DATABASE } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { codePage } from './code-page';
import { codesWithPin } from './code-search';
import { CodePresenter } from './code-presenter';
import { CODES, type CodesTables } from './codes-projection';
import { hasLeft } from './left-codes';
import type { SeamUnmanagedAccessCode } from './present-unmanaged';
import { GetUnmanagedAccessCode, ListUnmanagedAccessCodes } from './queries';

@QueryHandler(GetUnmanagedAccessCode)
export class GetUnmanagedAccessCodeHandler implements IQueryHandler<GetUnmanagedAccessCode> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<CodesTables & DevicesTables>,
    @Inject(VAULT) private readonly vault: Vault,
    private readonly presenter: CodePresenter,
  ) {}

  async execute({ workspaceId, by }: GetUnmanagedAccessCode): Promise<SeamUnmanagedAccessCode> {
    const query = this.views.db
      .selectFrom(CODES)
      .select('state')
      .where('workspace_id', '=', workspaceId)
      .where('unmanaged_at', 'is not', null)
      .where((eb) => eb.not(hasLeft('unmanaged_at')));
    const row = await (
      'accessCodeId' in by
        ? query.where('code_id', '=', by.accessCodeId)
        : query.where('code_id', 'in', await this.withPin(workspaceId, by))
    )
      .orderBy('unmanaged_at')
      .limit(1)
      .executeTakeFirst();
    if (!row) throw absent();
    const [shown] = await this.presenter.presentUnmanaged([JSON.parse(row.state) as AccessCode]);
    return shown!;
  }

  /** @throws {Refusal} where there is none */
  private async withPin(workspaceId: string, { deviceId, code: pin }: { deviceId: string; code: string }) {
    const search = { workspaceId, deviceId, listed: 'unmanaged_at', pin } as const;
    const found = await codesWithPin(this.views.db, this.vault, search);
    if (found.length === 0) throw absent();
    return found;
  }
}

@QueryHandler(ListUnmanagedAccessCodes)
export class ListUnmanagedAccessCodesHandler implements IQueryHandler<ListUnmanagedAccessCodes> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<CodesTables & DevicesTables>,
    @Inject(VAULT) private readonly vault: Vault,
    private readonly presenter: CodePresenter,
  ) {}

  async execute({
    workspaceId,
    filter,
    page,
  }: ListUnmanagedAccessCodes): Promise<Page<SeamUnmanagedAccessCode>> {
    const scope = { list: 'unmanaged_access_codes', workspaceId, ...filter };
    startOf(page, scope);
    const { deviceId, search, userIdentifierKey } = filter;
    await this.checkDevice(workspaceId, deviceId);
    if (userIdentifierKey !== undefined) return emptyPage();
    const wanted = { listed: 'unmanaged_at', workspaceId, deviceId, search } as const;
    return inSteps(page, async (step) => {
      const place = { page: step, scope, after: startOf(step, scope) };
      const codes = await codePage(this.views, this.vault, wanted, place);
      return { items: await this.presenter.presentUnmanaged(codes.items), pagination: codes.pagination };
    });
  }

  /** @throws {Refusal} for a device that is not there, or another workspace's */
  private async checkDevice(workspaceId: string, deviceId: string): Promise<void> {
    const row = await this.views.db
      .selectFrom(DEVICES)
      .select('device_id')
      .where('device_id', '=', deviceId)
      .where('workspace_id', '=', workspaceId)
      .executeTakeFirst();
    if (!row) throw Refusal.absent('device');
  }
}
