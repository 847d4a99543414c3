import { Agent, type Dispatcher } from 'undici';

/** How a subscriber took a webhook. */
export type Outcome = 'delivered' | 'refused' | 'unreachable';

/** A real time-out: the subscriber is a real server. Everything else here is simulated time. */
const TIMEOUT_MS = 5000;
/** More than this is read of no answer. */
const LONGEST_ANSWER = 65536;

/** Sends webhooks, over connections that stay. */
export class Post {
  private readonly agent = new Agent({ connect: { timeout: TIMEOUT_MS }, connections: 4 });

  send(url: string, body: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const sending = new Sending(resolve);
      try {
        const { origin, pathname, search } = new URL(url);
        const headers = { 'content-type': 'application/json', 'user-agent': 'lock-cloud' };
        this.agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, sending);
      } catch {
        sending.settle('unreachable');
      }
    });
  }

  /** Drops what is in flight. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

class Sending implements Dispatcher.DispatchHandler {
  private readonly timer = setTimeout(() => this.giveUp(), TIMEOUT_MS);
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private bytes = 0;
  private settled = false;

  constructor(private readonly resolve: (outcome: Outcome) => void) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) controller.abort(new Error('given up before it was sent'));
    else this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes <= LONGEST_ANSWER) return;
    this.settleByStatus();
    controller.abort(new Error('the answer is too long'));
  }

  onResponseEnd(): void {
    this.settleByStatus();
  }

  onResponseError(): void {
    this.settle('unreachable');
  }

  settle(outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.timer);
    this.resolve(outcome);
  }

  private settleByStatus(): void {
    this.settle(this.status >= 200 && this.status < 300 ? 'delivered' : 'refused');
  }

  /** It lives, or at least its connection does: it has had its chance. */
  private giveUp(): void {
    this.settle('refused');
    this.controller?.abort(new Error('no answer in time'));
  }
}
