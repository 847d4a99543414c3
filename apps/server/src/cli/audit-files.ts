import { BrokenExport, checkExport, exportAudit } from '@latchkey/audit';
import { iso } from '@latchkey/platform';
import type { Command } from 'commander';
import { dirname } from 'node:path';
import { BackupRefused, meaningOf } from '../backup/backup-refused';
import { type Print, Refusal, workspaceOf } from './command-line';
import { type Facts, withFacts } from './facts';

/** Adds the commands about files that prove what happened: export, check, key. */
export function addAuditFiles(program: Command, env: NodeJS.ProcessEnv, print: Print): void {
  program
    .command('export')
    .description('writes the facts of a workspace, their chain and its signatures into a file')
    .requiredOption('--out <FILE>', 'the file, which must not be there yet')
    .option('--workspace <ID>', 'whose, where there are several workspaces')
    .action((options: { out: string; workspace?: string }) =>
      withFacts(env, (facts) => write(facts, options, print)),
    );
  program
    .command('check')
    .description(
      'checks such a file, without any data of Latchkey; exit code 1 and the place where it breaks',
    )
    .argument('<FILE>', 'the file')
    .option('--key <KEY>', 'the key that must have signed it, as audit key shows it')
    .action((file: string, { key }: { key?: string }) => check(file, key, print));
  program
    .command('key')
    .description('shows the key by which signatures are checked; keep it apart from the server')
    .action(() => withFacts(env, ({ signer }) => Promise.resolve(print(signer.publicKey))));
}

async function write(
  { stores, store, signer, now }: Facts,
  { out, workspace }: { readonly out: string; readonly workspace?: string },
  print: Print,
): Promise<void> {
  const { workspaceId, name } = await workspaceOf(stores.records, workspace);
  try {
    const { facts, checkpoints, findings } = await exportAudit({ store, signer }, workspaceId, out, iso(now));
    print(`${facts} facts of the workspace ${name}, signed ${times(checkpoints + 1)}, are in ${out}.`);
    if (findings.length > 0) {
      const [{ at, message }] = findings as [(typeof findings)[number]];
      throw new Refusal(
        `The history is not what was signed: at ${at} ${message}. The file shows it as it is.`,
      );
    }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && path === `${out}.partial`)
      throw new Refusal(`There is no folder ${dirname(out)}.`);
    throw refusedFile(error, out);
  }
}

async function check(file: string, key: string | undefined, print: Print): Promise<void> {
  try {
    const { workspaceId, facts, checkpoints, exportedAt, publicKey } = await checkExport(file, key);
    print(`${file} holds: ${facts} facts of the workspace ${workspaceId}, exported ${exportedAt},`);
    print(`signed ${times(checkpoints + 1)} with the key ${publicKey}`);
    if (key === undefined) print('Compare that key with the one that you keep, or give it as --key.');
  } catch (error) {
    if (error instanceof BrokenExport) throw new Refusal(`${file} is broken: ${error.message}.`);
    throw refusedFile(error, file);
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** What the file system refuses, in one line. */
function refusedFile(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return new Refusal(`${file}, or ${file}.partial, is there already.`);
  if (code === 'ENOENT') return new Refusal(`There is no file or folder ${file}.`);
  if (code === 'EISDIR') return new Refusal(`${file} is a folder.`);
  const meaning = meaningOf(error, file);
  return meaning instanceof BackupRefused ? new Refusal(meaning.message) : error;
}
