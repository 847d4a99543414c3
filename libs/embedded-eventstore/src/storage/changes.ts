/** Notifies waiting readers that events were committed, either anywhere or in one stream. */
export class Changes {
  private readonly anywhere = new Set<() => void>();
  private readonly inStream = new Map<string, Set<() => void>>();

  onAny(listener: () => void): () => void {
    this.anywhere.add(listener);
    return () => this.anywhere.delete(listener);
  }

  onStream(stream: string, listener: () => void): () => void {
    const listeners = this.inStream.get(stream) ?? new Set();
    listeners.add(listener);
    this.inStream.set(stream, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.inStream.get(stream) === listeners) this.inStream.delete(stream);
    };
  }

  announce(streams: ReadonlySet<string>): void {
    for (const listener of [...this.anywhere]) listener();
    for (const stream of streams) {
      for (const listener of [...(this.inStream.get(stream) ?? [])]) listener();
    }
  }
}
