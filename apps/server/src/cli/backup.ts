import { Command } from 'commander';
import { restoreBackup } from '../backup/restore-backup';
import { takeBackup } from '../backup/take-backup';
import { sandboxTime } from '../sandbox/clock-memory';
import { type Print, settingsOfServer } from './command-line';

/** Backs up an embedded server, which may run meanwhile. */
export function backupCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('backup')
    .description(
      'Backs up the event store, the vault and the records of an embedded server into a folder. The server may run meanwhile.',
    )
    .requiredOption('--out <DIR>', 'the folder, which must not be there yet')
    .option('--without-key', 'leaves the master key out, which is to be kept apart then')
    .action(async ({ out, withoutKey = false }: { out: string; withoutKey?: boolean }) => {
      const config = settingsOfServer(env);
      const now = (config.sandbox ? sandboxTime(config.dataDir) : undefined) ?? Date.now();
      const made = await takeBackup(config, out, { withKey: !withoutKey, now });
      const bytes = made.files.reduce((sum, file) => sum + file.bytes, 0);
      print(`${out} is a backup of ${config.dataDir}: ${made.files.length} files, ${sizeOf(bytes)}.`);
      if (made.master_key === 'included')
        print('The master key is in it: whoever has it has all PINs. Keep it as you keep these.');
      else
        print(
          `The master key is not in it (${made.master_key}): without it the PINs are lost. Keep it apart.`,
        );
      if (made.databases === 'postgresql')
        print('Now back up PostgreSQL: pg_dump --schema=vault --schema=records.');
    });
}

/** Makes a data folder of a backup. */
export function restoreCommand(print: Print): Command {
  return new Command('restore')
    .description('Makes a data folder of a backup; the first start there rebuilds the views.')
    .requiredOption('--from <DIR>', 'the backup')
    .requiredOption('--to <DATA_DIR>', 'the data folder, which must not be there yet, or be empty')
    .action(async ({ from, to }: { from: string; to: string }) => {
      const { made_at, master_key, databases } = await restoreBackup(from, to);
      print(`${to} is as it was backed up at ${made_at}. Start the server with DATA_DIR=${to}.`);
      if (master_key === 'left out') print(`Put its master key there first, as ${to}/vault.key.`);
      if (master_key === 'VAULT_KEY') print('It needs the VAULT_KEY that was set then.');
      if (databases === 'postgresql') print('Put the schemas vault and records back into PostgreSQL first.');
    });
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
