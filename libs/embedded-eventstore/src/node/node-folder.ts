import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { StartRefused } from '../storage/database';

const SOCKET = 'node.sock';

/** The longest path of a Unix socket, bytes: 108 on Linux and 104 elsewhere, with the NUL at its end. */
const LONGEST_SOCKET_PATH = 103;

/** Where the password that was drawn for admin is. */
const PASSWORD_FILE = 'admin.password';

const OF_OTHERS = 0o077;
const STICKY = 0o1000;

/** What a node keeps beside its database: the socket of its owner and its own certificates. */
export interface NodeFolder {
  /** Where its certificates are. */
  readonly certificates: string;
  /** What was open to other accounts and has been closed, a line each. */
  readonly notices: readonly string[];
  /** Where to listen for the owner. @throws StartRefused when every path would be too long */
  socketPath(): string;
  /**
   * The password for a new admin, drawn at the first call and kept in a file for its owner alone.
   * @returns it and the file
   */
  adminPassword(): { password: string; path: string };
  /** Removes what was for this run alone. */
  clear(): void;
}

/**
 * Opens the folder of a node and closes it to other accounts.
 * @param dataDir `:memory:` has a folder for the time being
 * @throws StartRefused when it can't be made, or is another account's and open
 */
export function openNodeFolder(dataDir: string): NodeFolder {
  const temporary: string[] = [];
  const temporaryFolder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'eventstore-'));
    temporary.push(made);
    return made;
  };
  const folder = dataDir === ':memory:' ? temporaryFolder() : resolve(dataDir);
  const notices = closeFolder(folder);
  return {
    certificates: join(folder, 'tls'),
    notices,
    socketPath: () => {
      const link = join(folder, SOCKET);
      removeSocket(link);
      if (Buffer.byteLength(link) <= LONGEST_SOCKET_PATH) return link;
      const path = join(temporaryFolder(), SOCKET);
      if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
        throw new StartRefused(`the path ${path} is too long for a Unix socket; set TMPDIR to a shorter one`);
      symlinkSync(path, link);
      return path;
    },
    adminPassword: () => {
      const path = join(folder, PASSWORD_FILE);
      // There is one already when an earlier start ended before admin was made.
      if (!existsSync(path))
        writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
      return { password: readFileSync(path, 'utf8').trim(), path };
    },
    clear: () => {
      removeSocket(join(folder, SOCKET));
      for (const made of temporary) rmSync(made, { recursive: true, force: true });
    },
  };
}

/**
 * The process that listened there is gone, for this process has the folder's database; so may be the folder of a long
 * path.
 */
function removeSocket(link: string): void {
  const entry = lstatSync(link, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink()) rmSync(dirname(readlinkSync(link)), { recursive: true, force: true });
  rmSync(link, { force: true });
}

/**
 * Where the owner of a node that runs with `access: 'private'` reaches it.
 * @returns `unix:` and a path, for the `endpoint` of a client without TLS
 * @throws Error ENOENT when no node runs on the folder
 */
export function ownerAddress(dataDir: string): string {
  return `unix:${realpathSync(join(dataDir, SOCKET))}`;
}

/** What a node writes into its folder begins like one of these. */
const OWN_FILES = ['events.db', 'tls', PASSWORD_FILE];

function closeFolder(folder: string): string[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Windows has no such modes.
    if (process.geteuid === undefined) return [];
    const { mode } = statSync(folder);
    if ((mode & STICKY) !== 0 && (mode & OF_OTHERS) !== 0)
      throw new Error('all accounts share it; give the node a folder of its own');
    const own = readdirSync(folder).filter((name) => OWN_FILES.some((begin) => name.startsWith(begin)));
    return [folder, ...own.map((name) => join(folder, name))].flatMap((path) => {
      const entry = lstatSync(path, { throwIfNoEntry: false });
      if (!entry || entry.isSymbolicLink() || (entry.mode & OF_OTHERS) === 0) return [];
      chmodSync(path, entry.mode & 0o700);
      return [`${path} was open to other accounts; it is closed now`];
    });
  } catch (error) {
    throw new StartRefused(
      `the folder ${folder} cannot be closed to other accounts: ${(error as Error).message}`,
    );
  }
}
