import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { comparePositions, positionToText, type RecordedEvent } from '../event-store';
import { lineOf } from './archived-fact';
import { type ArchivedFile, type FileHeader, HEADER_BYTES } from './file-format';
import { StreamIndex } from './stream-index';

const compressed = promisify(gzip);

/** A block is closed when it has so many characters: small enough to be read for a single stream. */
const BLOCK_CHARACTERS = 128 * 1024;

/**
 * Writes facts into an open, empty file, and makes it durable.
 * @param facts in the order of their positions
 * @returns what is to be recorded of it; undefined where there were no facts
 */
export async function writeFile(
  handle: FileHandle,
  name: string,
  facts: AsyncIterable<RecordedEvent> | Iterable<RecordedEvent>,
): Promise<ArchivedFile | undefined> {
  const writer = new FileWriter(handle);
  for await (const fact of facts) await writer.add(fact);
  const file = await writer.end(name);
  await handle.sync();
  return file;
}

class FileWriter {
  private readonly hash = createHash('sha256');
  private at = HEADER_BYTES;
  private readonly blocks: [at: number, bytes: number, facts: number, first: string, last: string][] = [];
  private readonly streams: Set<string>[] = [];
  private lines: string[] = [];
  private characters = 0;
  private inBlock: Set<string> = new Set();
  private first: RecordedEvent | undefined;
  private last: RecordedEvent | undefined;

  constructor(private readonly handle: FileHandle) {}

  async add(fact: RecordedEvent): Promise<void> {
    if (this.last && comparePositions(fact.position, this.last.position) <= 0)
      throw new Error(`facts are out of order at ${positionToText(fact.position)}`);
    const line = lineOf(fact);
    this.first ??= fact;
    this.last = fact;
    this.lines.push(line);
    this.characters += line.length;
    this.inBlock.add(fact.stream);
    if (this.characters >= BLOCK_CHARACTERS) await this.endBlock();
  }

  async end(name: string): Promise<ArchivedFile | undefined> {
    await this.endBlock();
    if (this.blocks.length === 0) return undefined;
    const blocks = await this.write(await compressed(JSON.stringify(this.blocks)));
    const index = await this.write(StreamIndex.of(this.streams));
    const file: ArchivedFile = {
      name,
      facts: this.blocks.reduce((sum, [, , facts]) => sum + facts, 0),
      first: this.blocks[0]![3],
      last: this.blocks.at(-1)![4],
      bytes: this.at,
      categories: [...new Set(this.streams.flatMap((names) => [...names].map(categoryOf)))].sort(),
      sha256: this.hash.digest('hex'),
    };
    const header: FileHeader = { latchkey_archive: 1, ...file, blocks, index };
    await this.handle.write(Buffer.from(`${JSON.stringify(header).padEnd(HEADER_BYTES - 1)}\n`), 0, null, 0);
    return file;
  }

  private async endBlock(): Promise<void> {
    const { lines, first, last } = this;
    if (!first || !last) return;
    const { at, bytes } = await this.write(await compressed(`${lines.join('\n')}\n`));
    this.blocks.push([
      ...([at, bytes, lines.length] as const),
      ...([positionToText(first.position), positionToText(last.position)] as const),
    ]);
    this.streams.push(this.inBlock);
    this.lines = [];
    this.characters = 0;
    this.inBlock = new Set();
    this.first = undefined;
  }

  private async write(bytes: Buffer): Promise<{ at: number; bytes: number }> {
    const { at } = this;
    await this.handle.write(bytes, 0, bytes.length, at);
    this.hash.update(bytes);
    this.at += bytes.length;
    return { at, bytes: bytes.length };
  }
}

const categoryOf = (stream: string): string => stream.slice(0, Math.max(0, stream.indexOf('-')));
