import { DueWork } from '@latchkey/event-sourcing';
import type { Clock, Logger, Random } from '@latchkey/platform';
import type { AgendaClaim, AgendaRows, Settlement } from './agenda-rows';
import type { CodeWork } from './code-work';

/** Works on what the agenda holds besides codes; returns when it is due again, ms. */
export interface OtherWork {
  readonly device: (deviceId: string) => Promise<number | null>;
  readonly account: (accountId: string) => Promise<number | null>;
}

/** How many pieces of work at a time; a single workspace gets half of them. */
const PLACES = 96;

/** Works through the agenda: any number of locks in parallel, one command in flight for each. */
export class Executor extends DueWork<AgendaClaim> {
  constructor(options: {
    readonly rows: AgendaRows;
    readonly codes: Pick<CodeWork, 'workThrough'>;
    readonly others: OtherWork;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    const { rows, codes, others } = options;
    const settlementOf = async (claim: AgendaClaim): Promise<Settlement> => {
      if (claim.kind === 'code') return codes.workThrough(claim);
      const until = await (claim.kind === 'device' ? others.device(claim.id) : others.account(claim.id));
      return { do: 'wait', revision: Number.MAX_SAFE_INTEGER, until };
    };
    const work = async (claim: AgendaClaim) => rows.settle(claim, await settlementOf(claim));
    super({ ...options, name: 'the agenda', source: rows, work, places: PLACES });
  }
}
