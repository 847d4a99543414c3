import { Load, type NextRequest } from '../api/load';
import { median } from '../ratios';
import type { RunningServer } from '../fleet/running-server';

const PAGE = 50;
const CONNECTIONS = 8;
const ROUNDS = 5;

/** How many times as long a page takes among many codes as the first one takes among few. */
export interface PageTimes {
  /** Which page of the many codes it is. */
  readonly which: string;
  /** Milliseconds of the median round. */
  readonly ms: number;
  /** Milliseconds of the first page of the few codes, of the median round. */
  readonly beside: number;
  readonly ratios: readonly number[];
}

/**
 * The first page, the one in the middle and the last of many codes, beside the first page of few codes on another server.
 *
 * @param asked how many pages are asked for in a round, of each kind
 */
export async function timePages(
  many: RunningServer,
  few: RunningServer,
  asked: number,
): Promise<readonly PageTimes[]> {
  const loads = [many, few].map(({ url, apiKey }) => new Load(url, apiKey, CONNECTIONS));
  const [ofMany, ofFew] = loads as [Load, Load];
  try {
    const pages = await cursors(ofMany);
    const first = () => page(undefined);
    // Both servers have compiled the same work before they are compared.
    await ofMany.run(pages.length, first);
    await ofFew.run(2 * pages.length, first);
    const kinds: [string, string | undefined][] = [
      ['first', undefined],
      ['middle', pages[Math.floor(pages.length / 2)]],
      ['last', pages.at(-1)],
    ];
    const times: PageTimes[] = [];
    for (const [which, cursor] of kinds) {
      const rounds: { ms: number; beside: number }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const ms = 1000 / (await ofMany.run(asked, () => page(cursor)));
        rounds.push({ ms, beside: 1000 / (await ofFew.run(asked, first)) });
      }
      times.push({
        which,
        ms: median(rounds.map((round) => round.ms)),
        beside: median(rounds.map((round) => round.beside)),
        ratios: rounds.map((round) => round.ms / round.beside),
      });
    }
    return times;
  } finally {
    await Promise.all(loads.map((load) => load.close()));
  }
}

/** Where each full page begins, as clients that go through all codes learn it; the first has no cursor. */
async function cursors(load: Load): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  let cursor: string | undefined;
  do {
    const { path, body } = page(cursor);
    const answer = JSON.parse(await load.ask(path, body)) as {
      access_codes: unknown[];
      pagination: { next_page_cursor: string | null };
    };
    if (answer.access_codes.length === PAGE) found.push(cursor);
    cursor = answer.pagination.next_page_cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

function page(cursor: string | undefined): ReturnType<NextRequest> {
  const body = { limit: PAGE, ...(cursor !== undefined && { page_cursor: cursor }) };
  return { path: '/access_codes/list', body };
}
