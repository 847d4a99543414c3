import type { Ids } from '@latchkey/platform';
import { systemCause } from '../cause';
import { DeciderStreams } from '../decider';
import { comparePositions, type EventStore, type RecordedEvent } from '../event-store';
import type { Archive } from './archive';
import type { ArchiveFile } from './archive-file';
import { due } from './due-merge';
import type { ArchivedFile } from './file-format';
import {
  ARCHIVE,
  archiveCodec,
  type ArchivedUpTo,
  type ArchiveEvent,
  FILES,
  type Manifest,
  manifestFold,
} from './manifest';

/** A stream, or what of it comes before a revision. */
export interface Part {
  readonly stream: string;
  readonly before?: number;
}

/** What a fact is to be from now on; the same fact where nothing of it changes. Its position stays. */
export type Change = (fact: RecordedEvent) => RecordedEvent;

const UNCHANGED: Change = (fact) => fact;

/** Streams that are truncated together: the store makes them durable at once. */
const TRUNCATED_TOGETHER = 50;

const cause = systemCause({ workspaceId: '', correlationId: ARCHIVE, causationId: ARCHIVE });

/**
 * Moves facts from the event store into the archive: first into a file, then that is listed, then they are hidden in
 * their streams, and at last the store reclaims their space. Each step may be the last before a crash: `finish` takes
 * up where it ended. One process does this at a time, which holds the folder's lock.
 */
export class Archiving {
  private readonly manifest: DeciderStreams<Manifest, ArchiveEvent>;

  constructor(
    private readonly options: {
      readonly archive: Archive;
      /** In which only our own events count, without what is archived. */
      readonly store: EventStore;
      readonly clock: { now(): number };
      readonly ids: Ids;
      /** Erases from the store's disk what is hidden; left out where that is the operator's. */
      readonly reclaim?: (() => Promise<void>) | undefined;
    },
  ) {
    const { store, clock, ids } = options;
    this.manifest = new DeciderStreams({
      ...{ store, clock, ids, category: ARCHIVE, codec: archiveCodec, fold: manifestFold },
      cacheSize: 1,
    });
  }

  /** Does what a crash left undone: facts that are in a file are hidden, and files that are not listed removed. */
  async finish(): Promise<void> {
    const { archive } = this.options;
    await archive.refresh();
    const { untruncated } = await this.state();
    for (const file of archive.files) if (untruncated.includes(file.name)) await this.truncate(file);
    const listed = new Set(archive.files.map(({ name }) => name));
    for (const name of await archive.folder.names()) if (!listed.has(name)) await archive.folder.remove(name);
  }

  /**
   * Archives what the store has of some streams.
   * @returns how many facts that were
   */
  async archive(parts: readonly Part[], change: Change = UNCHANGED): Promise<number> {
    await this.finish();
    const file = await this.write(this.factsOf(parts), change);
    if (!file) return 0;
    await this.append({ type: 'FactsArchived', data: { file } });
    await this.truncate(this.options.archive.files.find(({ name }) => name === file.name)!);
    return file.facts;
  }

  /** Changes facts of some streams that are archived already. @returns how many files were written again */
  async rewrite(streams: readonly string[], change: Change): Promise<number> {
    await this.finish();
    let rewritten = 0;
    for (const file of this.options.archive.files) {
      const blocks = await Promise.all(streams.map((stream) => file.blocksOf(stream)));
      if (blocks.every(({ length }) => length === 0)) continue;
      if (await this.replace([file], change)) rewritten++;
    }
    return rewritten;
  }

  /** Makes fewer and larger files of the small ones, until as few are left as there should be. */
  async merge(): Promise<void> {
    const { archive } = this.options;
    for (;;) {
      const names = due(archive.listed);
      if (names.length === 0) return;
      await this.replace(
        archive.files.filter(({ name }) => names.includes(name)),
        UNCHANGED,
      );
    }
  }

  /** How far streams were looked at, in the order of their ends; null: not at all. */
  async archivedUpTo(): Promise<ArchivedUpTo | null> {
    return (await this.state()).archivedUpTo;
  }

  /** Streams were looked at up to this one, and archived where that was to be done. */
  async passed({ finishedAt, stream }: ArchivedUpTo): Promise<void> {
    await this.append({ type: 'ArchivedUpTo', data: { finishedAt, stream } });
  }

  /** Whether a crash left something undone: facts that are in a file and not hidden, or files that are not listed. */
  async isUnfinished(): Promise<boolean> {
    const { archive } = this.options;
    const { files, untruncated } = await this.state();
    const listed = new Set(files.map(({ name }) => name));
    return untruncated.length > 0 || (await archive.folder.names()).some((name) => !listed.has(name));
  }

  /** How much is hidden and still on the store's disk, and since when, ms; null: nothing. */
  async hidden(): Promise<Manifest['hidden']> {
    return (await this.state()).hidden;
  }

  /** Has the store erase from its disk what is hidden. @returns whether it was to */
  async reclaim(): Promise<boolean> {
    const { reclaim } = this.options;
    if (!reclaim || !(await this.hidden())) return false;
    await reclaim();
    await this.append({ type: 'SpaceReclaimed', data: {} });
    return true;
  }

  private async state(): Promise<Manifest> {
    return (await this.manifest.load(FILES)).state;
  }

  private async append(event: ArchiveEvent): Promise<void> {
    await this.manifest.transact(FILES, cause, () => [event]);
    await this.options.archive.refresh();
  }

  /** What the store has of the streams, in the order of positions. */
  private async *factsOf(parts: readonly Part[]): AsyncIterable<RecordedEvent> {
    const { store } = this.options;
    async function* ofPart({ stream, before = Infinity }: Part): AsyncIterable<RecordedEvent> {
      for await (const fact of store.read(stream)) if (fact.revision < before) yield fact;
    }
    // One stream may be long, and is in order by itself.
    if (parts.length === 1) {
      yield* ofPart(parts[0]!);
      return;
    }
    const facts: RecordedEvent[] = [];
    for (const part of parts) for await (const fact of ofPart(part)) facts.push(fact);
    yield* facts.sort((a, b) => comparePositions(a.position, b.position));
  }

  private async write(
    facts: AsyncIterable<RecordedEvent>,
    change: Change,
  ): Promise<ArchivedFile | undefined> {
    async function* changed(): AsyncIterable<RecordedEvent> {
      for await (const fact of facts) yield change(fact);
    }
    return this.options.archive.folder.write(`${this.options.ids.uuid()}.facts`, changed());
  }

  /** Hides the facts of a file in their streams. */
  private async truncate(file: ArchiveFile): Promise<void> {
    const { store } = this.options;
    const next = new Map<string, number>();
    for await (const { stream, revision } of file.facts()) next.set(stream, revision + 1);
    const streams = [...next];
    for (let n = 0; n < streams.length; n += TRUNCATED_TOGETHER) {
      const some = streams.slice(n, n + TRUNCATED_TOGETHER);
      await Promise.all(some.map(([stream, revision]) => store.truncateBefore(stream, revision)));
    }
    await this.append({ type: 'FactsTruncated', data: { name: file.name } });
  }

  /** Writes one file in place of others. @returns false where nothing would be different */
  private async replace(files: readonly ArchiveFile[], change: Change): Promise<boolean> {
    const { archive } = this.options;
    let isChanged = files.length > 1;
    const noting: Change = (fact) => {
      const changed = change(fact);
      if (changed !== fact) isChanged = true;
      return changed;
    };
    const file = await this.write(archive.ofFiles(files), noting);
    if (!file) throw new Error('the files of an archive have no facts');
    if (!isChanged) {
      await archive.folder.remove(file.name);
      return false;
    }
    const replaced = files.map(({ name }) => name);
    await this.append({ type: 'FilesReplaced', data: { file, replaced } });
    for (const name of replaced) await archive.folder.remove(name);
    return true;
  }
}
