/** What was started, to be ended in the opposite order. */
export class Started {
  private readonly ends: (() => Promise<unknown> | void)[] = [];
  /** Resolves with the reason when something that the server can't do without has ended by itself. */
  readonly failed: Promise<string>;
  private fail: (reason: string) => void = () => undefined;

  constructor() {
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  add(end: () => Promise<unknown> | void): void {
    this.ends.push(end);
  }

  /** A process of ours, that is not to end before we close it. @param name as in "the event store" */
  addProcess(
    name: string,
    child: { readonly exited: Promise<number | null | undefined>; close(): Promise<unknown> },
  ): void {
    let closing = false;
    this.add(() => {
      closing = true;
      return child.close();
    });
    void child.exited.then((code) => {
      if (!closing) this.fail(`${name} ended by itself (${code ?? 'killed'})`);
    });
  }

  async endAll(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }
}
