import { ApiError } from '@latchkey/platform';
import { Injectable } from '@nestjs/common';

/** Whether requests are served now. Health and documents always are. */
@Injectable()
export class Serving {
  private closed: (() => ApiError) | undefined;
  private stopping = false;

  /** From now on requests are refused with what `why` returns, until `open`. */
  close(why: () => ApiError): void {
    this.closed = why;
  }

  open(): void {
    this.closed = undefined;
  }

  /** For good: the server stops. */
  stop(): void {
    this.stopping = true;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  /** What a request is to be refused with; undefined where it is let through. */
  refusal(url: string): ApiError | undefined {
    if ((!this.stopping && !this.closed) || ALWAYS.test(url)) return undefined;
    if (this.stopping) return ApiError.unavailable('The server is stopping.', STOPPED_FOR_S);
    return this.closed?.();
  }
}

const ALWAYS = /^\/(openapi\.json|(health|docs)(\/.*)?)?(\?|$)/;
/** How soon another instance, or this one started again, may answer. */
const STOPPED_FOR_S = 2;
