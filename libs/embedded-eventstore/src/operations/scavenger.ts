import { randomUUID } from 'node:crypto';
import { setMetadata, systemEvent } from '../persistent-subscriptions/system-streams';
import { type NodeParts } from '../streams/context';
import { nextTurn } from '../protocol/signal';
import { isTombstoned } from '../storage/stream-table';
import { STORED_TOMBSTONE_REVISION, type StoredEvent } from '../storage/stored-event';
import { isMetastream, originalOf } from '../streams/stream-metadata';

export type ScavengeAnswer = { readonly id: string; readonly result: 'started' | 'in-progress' | 'stopped' };

/** Events moved in one transaction; appends wait for no more than that. */
const BATCH = 400;

/** Erases what has been deleted, truncated or has expired. One runs at a time, beside everything else. */
export class Scavenger {
  private running: { readonly id: string; stop: boolean; done: Promise<void> } | undefined;

  constructor(private readonly context: NodeParts) {}

  start(): ScavengeAnswer {
    if (this.running) return { id: this.running.id, result: 'in-progress' };
    const run = { id: randomUUID(), stop: false, done: Promise.resolve() };
    this.running = run;
    run.done = this.run(run)
      .catch((error: unknown) => this.context.report(error))
      .finally(() => (this.running = undefined));
    return { id: run.id, result: 'started' };
  }

  /** @returns undefined when no such scavenge is running */
  async stop(id: string): Promise<ScavengeAnswer | undefined> {
    const { running } = this;
    if (running?.id !== id) return undefined;
    running.stop = true;
    await running.done;
    return { id, result: 'stopped' };
  }

  /** Stops whatever is running. */
  async close(): Promise<void> {
    if (this.running) await this.stop(this.running.id);
  }

  private async run(run: { readonly id: string; readonly stop: boolean }): Promise<void> {
    const { log, now } = this.context;
    const begun = now();
    await this.note(run.id, '$scavengeStarted', {});
    // What an earlier one left half done comes first: what it has moved already is to be looked at again.
    if (log.isErasing) await this.sweep(run);
    let erased = 0;
    if (!run.stop && (await this.isAnythingToErase(run))) erased = await this.sweep(run);
    const timeTaken = now() - begun;
    const result = run.stop ? 'Interrupted' : 'Success';
    await this.note(run.id, '$scavengeCompleted', { result, timeTakenMs: timeTaken, eventsErased: erased });
  }

  private async sweep(run: { readonly stop: boolean }): Promise<number> {
    const { log, commits } = this.context;
    log.beginErasing();
    let erased = 0;
    while (!run.stop) {
      const some = await commits.submit(() => log.eraseSome(BATCH, (event) => this.isWanted(event)));
      if (some === undefined) {
        // Nothing is appended between the last batch and this: both happen in one turn of the loop.
        if (log.isErased) {
          log.endErasing();
          break;
        }
        continue;
      }
      erased += some;
      await nextTurn();
    }
    return erased;
  }

  private async isAnythingToErase(run: { readonly stop: boolean }): Promise<boolean> {
    const { log } = this.context;
    let position = -1;
    while (!run.stop) {
      const page = log.after(position, BATCH);
      if (page.some((event) => !this.isWanted(event))) return true;
      if (page.length === 0) return false;
      position = page.at(-1)!.position;
      await nextTurn();
    }
    return false;
  }

  /** Whether somebody could still read this event in its stream. */
  private isWanted({ stream, revision }: StoredEvent): boolean {
    const { log, reader } = this.context;
    if (isMetastream(stream) && isTombstoned(log.head(originalOf(stream)))) return false;
    const view = reader.view(stream);
    switch (view.kind) {
      case 'deleted':
        return revision === STORED_TOMBSTONE_REVISION;
      case 'absent':
        return false;
      case 'present':
        return revision >= view.firstRevision;
    }
  }

  /** Scavenges leave a trace in the log: `$scavenges-<id>`, and a link to it in `$scavenges`. */
  private async note(scavengeId: string, type: string, details: object): Promise<void> {
    const { commits, writer, log } = this.context;
    const stream = `$scavenges-${scavengeId}`;
    await commits.submit(() => {
      if (!log.head(`$$${stream}`)) setMetadata({ writer }, stream, { $maxAge: 30 * 24 * 60 * 60 });
      const event = systemEvent(type, JSON.stringify({ scavengeId, ...details }), true);
      const outcome = writer.append(stream, 'any', [event]);
      const revision = outcome.kind === 'written' ? outcome.lastRevision : 0;
      writer.append('$scavenges', 'any', [systemEvent('$>', `${revision}@${stream}`, false)]);
    });
  }
}
