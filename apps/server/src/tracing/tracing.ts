/** What is told of a span beside its name. Never a PIN, a key or a token. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that was begun and goes on until it is ended. */
export interface BegunSpan {
  /** Runs work as part of it: spans that begin meanwhile are its children. */
  within<T>(work: () => T): T;
  end(more?: SpanAttributes, failed?: boolean): void;
}

/** Follows a piece of work through the parts of the server: spans, each the child of what caused it. */
export interface Tracing {
  /**
   * @param parent the traceparent (W3C) of what caused it; left out: the span that is running now, if any
   * @param link the traceparent of what it also follows, in another trace
   */
  begin(name: string, attributes: SpanAttributes, parent?: string, link?: string): BegunSpan;
  /** The traceparent of the span that is running now; undefined where none is. */
  readonly current: string | undefined;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Runs work as a span, which fails where the work rejects. */
export async function traced<T>(
  tracing: Tracing,
  name: string,
  attributes: SpanAttributes,
  work: () => Promise<T>,
  parent?: string,
  link?: string,
): Promise<T> {
  const span = tracing.begin(name, attributes, parent, link);
  try {
    const result = await span.within(work);
    span.end();
    return result;
  } catch (error) {
    span.end({ 'error.type': error instanceof Error ? error.name : 'unknown' }, true);
    throw error;
  }
}
