import {
  comparePositions,
  type EventStore,
  laterPosition,
  type Position,
  positionFromText,
  type RecordedEvent,
} from '../event-store';
import { ArchiveFile, FileGone } from './archive-file';
import type { ArchiveFolder } from './archive-folder';
import type { ArchivedFile, Block } from './file-format';
import { ARCHIVE_PREFIX, archiveCodec, FILES, type Manifest, manifestFold } from './manifest';
import { merged } from './merged';

/**
 * Cold storage of the event store: facts of finished streams, in files that the stream `archive-files` lists. Here they
 * are read. The list is read again by `refresh`, since another process may have changed it; a listed file that
 * can't be read is an error with its name, and is never skipped.
 */
export class Archive {
  private manifest: Manifest = manifestFold.initial;
  private revision = -1;
  private byName = new Map<string, ArchiveFile>();
  private refreshing: Promise<void> | undefined;
  /** A number that changes whenever the files do. */
  version = 0;
  /** The position of its last fact; undefined while it is empty. */
  horizon: Position | undefined;

  /** @param store in which only our own events count, without what is archived */
  constructor(
    readonly folder: ArchiveFolder,
    private readonly store: Pick<EventStore, 'read'>,
  ) {}

  /**
   * The archive in a folder, as it is listed now.
   * @throws {StoreDamaged} that names the first file that is missing or is not what was listed
   */
  static async open(folder: ArchiveFolder, store: Pick<EventStore, 'read'>): Promise<Archive> {
    const archive = new Archive(folder, store);
    await archive.refresh();
    await archive.withEach((file) => file.checkHeader());
    return archive;
  }

  get files(): readonly ArchiveFile[] {
    return [...this.byName.values()];
  }

  get listed(): readonly ArchivedFile[] {
    return this.manifest.files;
  }

  get isEmpty(): boolean {
    return this.byName.size === 0;
  }

  /** Reads what was listed since. */
  refresh(): Promise<void> {
    return (this.refreshing ??= this.readOn().finally(() => (this.refreshing = undefined)));
  }

  /** Compares every byte with what was recorded. @throws {StoreDamaged} */
  async checkAll(): Promise<void> {
    await this.withEach((file) => file.checkAll());
  }

  /** Whether any fact in it may be after a position. */
  reachesBeyond(position: Position | undefined): boolean {
    return this.horizon !== undefined && (!position || comparePositions(this.horizon, position) > 0);
  }

  /** The facts of a stream from a revision on, ascending. */
  ofStream(stream: string, fromRevision: number): AsyncIterable<RecordedEvent> {
    return this.resumed((last) =>
      this.merge(
        (file) => file.blocksOf(stream),
        (fact) => fact.stream === stream && fact.revision >= (last ? last.revision + 1 : fromRevision),
      ),
    );
  }

  /** The facts of a stream before a revision, descending. */
  ofStreamBackwards(stream: string, before: number): AsyncIterable<RecordedEvent> {
    return this.resumed((last) =>
      this.merge(
        (file) => file.blocksOf(stream),
        (fact) => fact.stream === stream && fact.revision < (last?.revision ?? before),
        -1,
      ),
    );
  }

  /**
   * All facts after a position in streams whose name begins with one of the prefixes, ascending. The files stay open
   * until it is left.
   */
  after(position: Position | undefined, prefixes: readonly string[]): AsyncIterable<RecordedEvent> {
    return this.resumed((last) => {
      const from = last?.position ?? position;
      const isAfter = (at: Position) => !from || comparePositions(at, from) > 0;
      return this.merge(
        async (file) =>
          isAfter(file.last) && mayHave(file, prefixes)
            ? (await file.blocks()).filter((block) => isAfter(positionFromText(block.last)))
            : [],
        (fact) => isAfter(fact.position) && prefixes.some((prefix) => fact.stream.startsWith(prefix)),
      );
    });
  }

  /** All facts of some of its files, ascending. */
  ofFiles(files: readonly ArchiveFile[]): AsyncIterable<RecordedEvent> {
    return merged(files.map((file) => file.facts()));
  }

  /** The fact at a position, where it is archived. */
  async at(position: Position): Promise<RecordedEvent | undefined> {
    let found: RecordedEvent | undefined;
    await this.withEach(async (file) => {
      found ??= await file.at(position);
    });
    return found;
  }

  private merge(
    blocksOf: (file: ArchiveFile) => Promise<readonly Block[]>,
    isWanted: (fact: RecordedEvent) => boolean,
    direction: 1 | -1 = 1,
  ): AsyncIterable<RecordedEvent> {
    return merged(
      this.files.map((file) => file.facts(blocksOf, isWanted, direction)),
      direction,
    );
  }

  private async readOn(): Promise<void> {
    let { manifest } = this;
    let { revision } = this;
    for await (const recorded of this.store.read(`${ARCHIVE_PREFIX}${FILES}`, revision + 1)) {
      ({ revision } = recorded);
      const event = archiveCodec.decodeOwn(recorded);
      if (event) manifest = manifestFold.evolve(manifest, event);
    }
    this.revision = revision;
    if (manifest === this.manifest) return;
    if (manifest.files !== this.manifest.files) this.list(manifest.files);
    this.manifest = manifest;
  }

  private list(files: readonly ArchivedFile[]): void {
    const { byName } = this;
    this.byName = new Map(
      files.map((file) => [file.name, byName.get(file.name) ?? new ArchiveFile(this.folder, file)]),
    );
    this.horizon = this.files.reduce<Position | undefined>(
      (latest, { last }) => laterPosition(latest, last),
      undefined,
    );
    this.version++;
  }

  /** Does something with each file. @throws {StoreDamaged} where one is missing */
  private async withEach(work: (file: ArchiveFile) => Promise<unknown>): Promise<void> {
    for (let version = -1; version !== this.version;) {
      ({ version } = this);
      for (const file of this.files) {
        try {
          await work(file);
        } catch (error) {
          await this.refreshAfter(error, version);
          break;
        }
      }
    }
  }

  /** The facts that are made by `make`, which goes on after the last that came, should the files be others since. */
  private async *resumed(
    make: (last: RecordedEvent | undefined) => AsyncIterable<RecordedEvent>,
  ): AsyncGenerator<RecordedEvent> {
    let last: RecordedEvent | undefined;
    for (;;) {
      const { version } = this;
      try {
        for await (const fact of make(last)) {
          last = fact;
          yield fact;
        }
        return;
      } catch (error) {
        await this.refreshAfter(error, version);
      }
    }
  }

  /** A file that is gone may have been replaced by another. @throws the error where it was not */
  private async refreshAfter(error: unknown, version: number): Promise<void> {
    if (!(error instanceof FileGone)) throw error;
    await this.refresh();
    if (this.version === version) throw error;
  }
}

function mayHave({ listed }: ArchiveFile, prefixes: readonly string[]): boolean {
  const begins = listed.categories.map((category) => `${category}-`);
  return prefixes.some((prefix) =>
    begins.some((begin) => begin.startsWith(prefix) || prefix.startsWith(begin)),
  );
}
