import type { PageRequest } from '@latchkey/platform';
import { Text, Whole } from './decorators';

/** The parameters of every list that comes in pages. */
export interface PagedParams {
  limit?: number;
  page_cursor?: string | null;
}

/**
 * A class to extend for the parameters of a list.
 * @param most what a page holds at most, and where no limit is given
 */
export function paged(most: number): new () => PagedParams {
  class Paged implements PagedParams {
    @Whole({
      min: 1,
      max: most,
      optional: true,
      default: most,
      description: 'How many a page holds at most.',
    })
    limit?: number;

    @Text({
      optional: true,
      nullable: true,
      description: 'next_page_cursor of the page before; the other parameters must be the same.',
    })
    page_cursor?: string | null;
  }
  mostOf.set(Paged, most);
  return Paged;
}

const mostOf = new WeakMap<object, number>();

/** The page that a list's parameters ask for. */
export function pageAsked(params: PagedParams): PageRequest {
  const cursor = params.page_cursor ?? undefined;
  return { limit: params.limit ?? most(params), ...(cursor === undefined ? {} : { cursor }) };
}

function most(params: PagedParams): number {
  for (
    let type: object | null = params.constructor;
    type;
    type = Object.getPrototypeOf(type) as object | null
  ) {
    const found = mostOf.get(type);
    if (found !== undefined) return found;
  }
  throw new TypeError('These parameters are not of a list that comes in pages.');
}
