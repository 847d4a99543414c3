import { LRUCache } from 'lru-cache';

/**
 * Documents of rows, parsed once for each text that a row had: a document that is read again is the same object, and
 * must not be changed. The row's text is compared each time, so that changes by another process are seen.
 */
export class ParsedJson<T extends object> {
  private readonly kept: LRUCache<string, { readonly text: string; readonly document: T }>;

  /** @param max how many are kept at most */
  constructor(max: number) {
    this.kept = new LRUCache({ max });
  }

  /** @param id unique to the row */
  read(id: string, text: string): T {
    const kept = this.kept.get(id);
    if (kept?.text === text) return kept.document;
    const document = JSON.parse(text) as T;
    this.kept.set(id, { text, document });
    return document;
  }
}
