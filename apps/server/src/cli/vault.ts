import { rekey } from '@latchkey/database';
import { decodeMasterKey, loadConfig, StartupError } from '@latchkey/platform';
import { Command } from 'commander';
import { type Print, runCommandLine } from './command-line';

/**
 * The command line for the vault.
 * @param args what follows the command's name
 * @returns the exit code
 */
export function vault(
  args: string[],
  env: NodeJS.ProcessEnv,
  print: Print,
  complain: Print,
): Promise<number> {
  return runCommandLine(vaultCommand(env, print).name('npm run vault --'), args, print, complain);
}

/** Its command: rekey. */
export function vaultCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('vault').description(
    'Looks after the keys that PINs and secrets are sealed with. It reads the same settings as the server.',
  );
  program
    .command('rekey')
    .description(
      'Replaces the master key. Where VAULT_KEY is set, by the key in NEW_VAULT_KEY; else by one that is drawn, in vault.key. ' +
        'A running server goes on, and needs the new key at its next start.',
    )
    .action(async () => {
      const config = loadConfig(env);
      const next = env.NEW_VAULT_KEY;
      if (config.vaultKey !== undefined && next === undefined) {
        throw new StartupError('VAULT_KEY is set: give the key that takes its place as NEW_VAULT_KEY.');
      }
      if (config.vaultKey === undefined && next !== undefined) {
        throw new StartupError(
          'VAULT_KEY is not set: the key in the data folder is replaced by a drawn one.',
        );
      }
      await rekey(config, next === undefined ? undefined : decodeMasterKey(next, 'NEW_VAULT_KEY'));
      print(
        next === undefined
          ? 'The master key in vault.key was replaced.'
          : 'The master key was replaced: set VAULT_KEY to the new one.',
      );
    });
  return program;
}

if (require.main === module) {
  vault(process.argv.slice(2), process.env, console.log, console.error).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
