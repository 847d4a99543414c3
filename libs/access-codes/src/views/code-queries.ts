import { absent } from '../domain/refused';
import { type Database, inSteps, type Records } from '@latchkey/database';
import type { DevicesTables } from '@latchkey/devices';
import {
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  emptyPage,
  type Page,
  RECORDS,
  startOf,
  type Vault,
  VAULT,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import { codePage } from './code-page';
import { codesWithPin } from './code-search';
import { CodePresenter } from './code-presenter';
import type { CodesTables } from './codes-projection';
import type { SeamAccessCode } from './present-code';
import { readCodes } from './read-codes';
import { GetAccessCode, ListAccessCodes } from './queries';
import { isGone } from '../domain/life';

type Settings = Pick<Config, 'preloadLead' | 'justInTimeLead' | 'expiredCodes'>;
/** Whether a workspace's expired codes can still be read, and so by which column its codes are listed. */
export async function listedBy(
  records: Pick<Records, 'workspaces'>,
  workspaceId: string,
  settings: Pick<Config, 'expiredCodes'>,
): Promise<'live_at' | 'readable_at'> {
  const workspace = await records.workspaces.get(workspaceId);
  const said = workspace?.settings['expired_codes'] ?? settings.expiredCodes;
  return said === 'readable' ? 'readable_at' : 'live_at';
}

@QueryHandler(GetAccessCode)
export class GetAccessCodeHandler implements IQueryHandler<GetAccessCode> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<CodesTables & DevicesTables>,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Settings,
    @Inject(RECORDS) private readonly records: Pick<Records, 'workspaces'>,
    private readonly presenter: CodePresenter,
  ) {}

  async execute({ workspaceId, by }: GetAccessCode): Promise<SeamAccessCode> {
    const listed = await listedBy(this.records, workspaceId, this.config);
    const ids = 'accessCodeId' in by ? [by.accessCodeId] : await this.withPin(workspaceId, by, listed);
    const code = nearest(await readCodes(this.views, ids, { workspaceId, listed }), this.clock.now());
    if (!code) throw absent();
    const [shown] = await this.presenter.present([code]);
    return shown!;
  }

  /** @throws {Refusal} where there is none */
  private async withPin(
    workspaceId: string,
    { deviceId, code: pin }: { deviceId: string; code: string },
    listed: 'live_at' | 'readable_at',
  ): Promise<string[]> {
    const search = { workspaceId, deviceId, pin };
    const { db } = this.views;
    const [shown, pooled] = await Promise.all([
      codesWithPin(db, this.vault, { ...search, listed }),
      codesWithPin(db, this.vault, { ...search, listed: 'pool_at' }),
    ]);
    const found = [...new Set([...shown, ...pooled])];
    if (found.length === 0) throw absent();
    return found;
  }
}

/** The code whose window is now, or else comes next, or else was last. */
function nearest(codes: AccessCode[], now: number): AccessCode | undefined {
  const ahead = (code: AccessCode): number => {
    if (isGone(code)) return Number.MAX_SAFE_INTEGER - (code.wanted.schedule?.endsAt ?? 0);
    return code.wanted.schedule ? Math.max(0, code.wanted.schedule.startsAt - now) : 0;
  };
  return codes.sort((a, b) => ahead(a) - ahead(b))[0];
}

@QueryHandler(ListAccessCodes)
export class ListAccessCodesHandler implements IQueryHandler<ListAccessCodes> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<CodesTables & DevicesTables>,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CONFIG) private readonly config: Settings,
    @Inject(RECORDS) private readonly records: Pick<Records, 'workspaces'>,
    private readonly presenter: CodePresenter,
  ) {}

  async execute({ workspaceId, filter, page }: ListAccessCodes): Promise<Page<SeamAccessCode>> {
    const scope = { list: 'access_codes', workspaceId, ...filter };
    startOf(page, scope);
    const { accessCodeIds, customerKey, userIdentifierKey } = filter;
    const findsNothing = customerKey !== undefined || userIdentifierKey !== undefined;
    if (findsNothing || accessCodeIds?.length === 0) return emptyPage();
    const listed = await listedBy(this.records, workspaceId, this.config);
    return inSteps(page, async (step) => {
      const codes = await codePage(
        this.views,
        this.vault,
        { ...filter, workspaceId, listed },
        { page: step, scope, after: startOf(step, scope) },
      );
      return { items: await this.presenter.present(codes.items), pagination: codes.pagination };
    });
  }
}
