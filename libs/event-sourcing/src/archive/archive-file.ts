import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { comparePositions, type Position, positionFromText, type RecordedEvent } from '../event-store';
import { StoreDamaged } from '../eventstoredb/outages';
import { factOf } from './archived-fact';
import type { ArchiveFolder } from './archive-folder';
import {
  type ArchivedFile,
  type Block,
  blockTable,
  type FileHeader,
  fileHeader,
  HEADER_BYTES,
} from './file-format';
import { StreamIndex } from './stream-index';

const uncompressed = promisify(gunzip);

/** Bytes that are read together when a whole file is checked. */
const CHECKED_AT_ONCE = 1024 * 1024;

/** A file was listed, and is not there: another process may have merged it since, or it was lost. */
export class FileGone extends StoreDamaged {}

/** One archive file, to be read. Where its blocks are is kept once it was asked for, its facts are not. */
export class ArchiveFile {
  readonly first: Position;
  readonly last: Position;
  private known: Promise<{ readonly blocks: readonly Block[]; readonly index: StreamIndex }> | undefined;

  constructor(
    private readonly folder: ArchiveFolder,
    readonly listed: ArchivedFile,
  ) {
    this.first = positionFromText(listed.first);
    this.last = positionFromText(listed.last);
  }

  get name(): string {
    return this.listed.name;
  }

  /** @throws {FileGone}, or whatever the disk says */
  async open(): Promise<FileHandle> {
    try {
      return await this.folder.open(this.name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new FileGone(`the archive file ${this.path} is missing; restore it from a backup`);
    }
  }

  async with<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    const handle = await this.open();
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  }

  /** Looks whether the file is there and says of itself what was recorded of it. @throws {StoreDamaged} */
  checkHeader(): Promise<FileHeader> {
    return this.with((handle) => this.header(handle));
  }

  /** Reads all of it, and compares. @throws {StoreDamaged} */
  async checkAll(): Promise<void> {
    await this.with(async (handle) => {
      await this.header(handle);
      const hash = createHash('sha256');
      for (let at = HEADER_BYTES; at < this.listed.bytes; at += CHECKED_AT_ONCE) {
        const bytes = Math.min(CHECKED_AT_ONCE, this.listed.bytes - at);
        hash.update(await this.bytes(handle, at, bytes));
      }
      if (hash.digest('hex') !== this.listed.sha256) throw this.damaged('its facts have changed');
    });
  }

  async blocks(): Promise<readonly Block[]> {
    return (await this.contents()).blocks;
  }

  /** The blocks that may have facts of a stream, ascending. */
  async blocksOf(stream: string): Promise<Block[]> {
    const { blocks, index } = await this.contents();
    return index.blocksOf(stream).map((n) => blocks[n] ?? this.fail('its index has changed'));
  }

  /** The facts of a block, in the order of their positions. */
  async factsIn(handle: FileHandle, { at, bytes, facts }: Block): Promise<RecordedEvent[]> {
    const packed = await this.bytes(handle, at, bytes);
    try {
      const lines = (await uncompressed(packed)).toString('utf8').trimEnd().split('\n');
      if (lines.length === facts) return lines.map(factOf);
    } catch (error) {
      throw this.damaged(`the block at ${at} can't be read`, error);
    }
    throw this.damaged(`the block at ${at} has not as many facts as it had`);
  }

  /**
   * Its facts, in the order of their positions; it is open until they have been read, or left.
   * @param blocksOf the blocks that are read; all when left out
   * @param direction 1: ascending; -1: descending
   */
  async *facts(
    blocksOf: (file: ArchiveFile) => Promise<readonly Block[]> = (file) => file.blocks(),
    isWanted: (fact: RecordedEvent) => boolean = () => true,
    direction: 1 | -1 = 1,
  ): AsyncGenerator<RecordedEvent> {
    const blocks = await blocksOf(this);
    if (blocks.length === 0) return;
    const handle = await this.open();
    try {
      for (const block of direction === 1 ? blocks : [...blocks].reverse()) {
        const facts = (await this.factsIn(handle, block)).filter(isWanted);
        yield* direction === 1 ? facts : facts.reverse();
      }
    } finally {
      await handle.close();
    }
  }

  /** The fact at a position. */
  async at(position: Position): Promise<RecordedEvent | undefined> {
    if (comparePositions(position, this.first) < 0 || comparePositions(position, this.last) > 0)
      return undefined;
    const block = (await this.blocks()).find(
      ({ last }) => comparePositions(positionFromText(last), position) >= 0,
    )!;
    const facts = await this.with((handle) => this.factsIn(handle, block));
    return facts.find((fact) => comparePositions(fact.position, position) === 0);
  }

  private contents(): NonNullable<ArchiveFile['known']> {
    this.known ??= this.with(async (handle) => {
      const header = await this.header(handle);
      const table = await this.bytes(handle, header.blocks.at, header.blocks.bytes);
      const index = await this.bytes(handle, header.index.at, header.index.bytes);
      try {
        const blocks = blockTable.parse(JSON.parse((await uncompressed(table)).toString('utf8')));
        return { blocks, index: new StreamIndex(index) };
      } catch (error) {
        throw this.damaged('where its blocks are can’t be read', error);
      }
    }).catch((error: unknown) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }

  private async header(handle: FileHandle): Promise<FileHeader> {
    const { size } = await handle.stat();
    const { listed } = this;
    if (size !== listed.bytes) throw this.damaged(`it has ${size} bytes of ${listed.bytes}`);
    const text = (await this.bytes(handle, 0, HEADER_BYTES)).toString('utf8');
    const header = headerOf(text);
    if (!header || header.sha256 !== listed.sha256 || header.facts !== listed.facts)
      throw this.damaged('its header is another than was written down');
    return header;
  }

  private async bytes(handle: FileHandle, at: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, at);
    if (bytesRead !== length) throw this.damaged(`it ends at ${at + bytesRead}`);
    return buffer;
  }

  private get path(): string {
    return this.folder.pathOf(this.name);
  }

  private damaged(what: string, cause?: unknown): StoreDamaged {
    return new StoreDamaged(`the archive file ${this.path} is damaged (${what}); restore it from a backup`, {
      cause,
    });
  }

  private fail(what: string): never {
    throw this.damaged(what);
  }
}

function headerOf(text: string): FileHeader | undefined {
  try {
    return fileHeader.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
