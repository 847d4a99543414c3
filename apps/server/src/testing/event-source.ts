/** A message of server-sent events, as a browser's EventSource would hand it over. */
export interface ServerSentMessage {
  /** `message` where the stream does not say. */
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Listens to server-sent events as a client that can send headers does. */
export class EventListener {
  readonly messages: ServerSentMessage[] = [];
  /** Lines that only keep the connection open. */
  comments = 0;
  /** Resolves when the stream has ended for any reason. */
  readonly ended: Promise<void>;
  private readonly gone = new AbortController();
  private waiting: (() => void)[] = [];
  private isOver = false;

  private constructor(readonly answer: Response) {
    this.ended = this.read().finally(() => {
      this.isOver = true;
      this.tell();
    });
  }

  /** @throws with the body where the answer is no stream */
  static async open(url: string, headers: Record<string, string>): Promise<EventListener> {
    const answer = await fetch(url, { headers });
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    return new EventListener(answer);
  }

  /** Resolves with the first message that is asked for, one that came already too. */
  async first(
    wanted: (message: ServerSentMessage) => boolean,
    withinMs = 10_000,
  ): Promise<ServerSentMessage> {
    const until = performance.now() + withinMs;
    for (;;) {
      const found = this.messages.find(wanted);
      if (found) return found;
      const left = until - performance.now();
      if (left <= 0 || this.isOver) {
        const had = this.messages.map(({ event, data }) => `${event} ${String(data['event_type'])}`);
        throw new Error(`no such message among ${JSON.stringify(had)}`);
      }
      await this.more(left);
    }
  }

  private more(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.gone.abort();
    await this.ended;
  }

  private tell(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async read(): Promise<void> {
    const reader = this.answer.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    this.gone.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) this.take(block);
      this.tell();
    }
  }

  private take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments++;
      const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
      if (name !== undefined) fields.set(name, value!);
    }
    const data = fields.get('data');
    if (data === undefined) return;
    this.messages.push({
      event: fields.get('event') ?? 'message',
      id: fields.get('id') ?? '',
      data: JSON.parse(data) as Record<string, unknown>,
    });
  }
}
