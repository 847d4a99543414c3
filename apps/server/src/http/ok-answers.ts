import type { EdgeRequest } from '@latchkey/http';
import { type Config, CONFIG, listeningOn, type Pagination } from '@latchkey/platform';
import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Adds `ok: true` to what an endpoint answers, and to a page where the next one is. */
@Injectable()
export class OkAnswers {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * @param answer which the endpoint has made for this request: it is added to
   * @param path the endpoint's
   */
  complete(answer: object | undefined, path: string, request: FastifyRequest & EdgeRequest): object {
    // It has lines of its own, and no place for more.
    if (answer instanceof StreamableFile) return answer;
    const { pagination } = (answer ?? {}) as { pagination?: Partial<Pagination> };
    const cursor = pagination?.next_page_cursor;
    const complete: { pagination?: object; ok?: true } = answer ?? {};
    if (cursor && 'next_page_url' in pagination)
      complete.pagination = { ...pagination, next_page_url: this.address(path, request, cursor) };
    complete.ok = true;
    return complete;
  }

  /** The next page by GET, with the parameters of this one. */
  private address(path: string, { query, body, raw }: FastifyRequest & EdgeRequest, cursor: string): string {
    const asked = { ...query, ...(body ?? {}), page_cursor: cursor };
    const words = new URLSearchParams(
      Object.entries(asked).flatMap(([name, value]) => texts(name, value as unknown)),
    );
    const { publicUrl } = listeningOn(this.config, raw.socket.localPort ?? this.config.port);
    return `${publicUrl}${path}?${words.toString()}`;
  }
}

/** As Seam's SDKs write them: lists by repeating the name, objects with dots. */
function texts(name: string, value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((each: unknown) => [name, String(each)]);
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) => texts(`${name}.${key}`, inner));
  }
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
}
