import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedEvent } from '../event-store';
import type { ArchivedFile } from './file-format';
import { writeFile } from './write-file';

const FILE = /\.facts(\.partial)?$/;

/** The folder that archive files are in. A file is there whole, under its name, or not at all. */
export class ArchiveFolder {
  constructor(readonly path: string) {}

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** The names of all files of the archive's that are there, half written ones among them. */
  async names(): Promise<string[]> {
    try {
      return (await readdir(this.path)).filter((name) => FILE.test(name)).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** @throws whatever the disk says, with its code: ENOENT where there is no such file */
  open(name: string): Promise<FileHandle> {
    return open(this.pathOf(name), constants.O_RDONLY);
  }

  /**
   * Writes facts into a new file. When this returns, the file is on the disk under its name.
   * @param facts in the order of their positions
   * @returns undefined where there were none: there is no file then
   */
  async write(
    name: string,
    facts: AsyncIterable<RecordedEvent> | Iterable<RecordedEvent>,
  ): Promise<ArchivedFile | undefined> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const partial = this.pathOf(`${name}.partial`);
    const handle = await open(partial, 'wx', 0o600);
    let file: ArchivedFile | undefined;
    try {
      file = await writeFile(handle, name, facts);
    } finally {
      await handle.close();
      if (!file) await rm(partial, { force: true });
    }
    if (!file) return undefined;
    await rename(partial, this.pathOf(name));
    await this.sync();
    return file;
  }

  /** What is gone already is passed over. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true });
    await this.sync();
  }

  /** Makes the folder's own entries durable. */
  private async sync(): Promise<void> {
    // Windows has no such call, and orders its own.
    if (process.platform === 'win32') return;
    const handle = await open(this.path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
