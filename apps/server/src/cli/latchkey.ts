#!/usr/bin/env node
import { Command } from 'commander';
import { BackupRefused, meaningOf } from '../backup/backup-refused';
import { apiKeysCommand } from './api-keys';
import { archiveCommand } from './archive';
import { auditCommand } from './audit';
import { backupCommand, restoreCommand } from './backup';
import { type Print, runCommandLine } from './command-line';
import { codesCommand } from './codes';
import { devicesCommand } from './devices';
import { doctorCommand } from './doctor/doctor';
import { eraseCommand } from './erase';
import { locksCommand } from './locks/locks';
import { parkedCommand } from './parked';
import { rebuildCommand } from './rebuild';
import { subscribersCommand } from './subscribers';
import { subscriptionsCommand } from './subscriptions';
import { vaultCommand } from './vault';
import { verifyCommand } from './verify';
import { webhooksCommand } from './webhooks';

/**
 * The command line of the whole: everything that an operator does beside the API.
 * @param args what follows the command's name
 * @returns the exit code
 */
export function latchkey(
  args: string[],
  env: NodeJS.ProcessEnv,
  print: Print,
  complain: Print,
): Promise<number> {
  const program = new Command('npm run latchkey --').description(
    'Looks after a Latchkey server. Settings come from the environment, as the server reads them: README.md lists them.',
  );
  program.addCommand(apiKeysCommand(env, print));
  program.addCommand(archiveCommand(env, print));
  program.addCommand(auditCommand(env, print));
  program.addCommand(backupCommand(env, print));
  program.addCommand(codesCommand(env, print));
  program.addCommand(devicesCommand(env, print));
  program.addCommand(doctorCommand(env, print));
  program.addCommand(eraseCommand(env, print));
  program.addCommand(locksCommand(env, print));
  program.addCommand(parkedCommand(env, print));
  program.addCommand(rebuildCommand(env, print));
  program.addCommand(restoreCommand(print));
  program.addCommand(subscribersCommand(env, print));
  program.addCommand(subscriptionsCommand(env, print));
  program.addCommand(vaultCommand(env, print));
  program.addCommand(verifyCommand(env, print));
  program.addCommand(webhooksCommand(env, print));
  return runCommandLine(program, args, print, complain);
}

if (require.main === module) {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has read enough, like `head`.
    if (error.code === 'EPIPE') process.exit(0);
    const meaning = meaningOf(error, 'Standard output');
    if (!(meaning instanceof BackupRefused)) throw error;
    process.stderr.write(`${meaning.message}\n`);
    process.exit(1);
  });
  void latchkey(
    process.argv.slice(2),
    process.env,
    (line) => process.stdout.write(`${line}\n`),
    (line) => process.stderr.write(`${line}\n`),
  ).then((code) => (process.exitCode = code));
}
