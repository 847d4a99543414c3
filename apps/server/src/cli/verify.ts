import { verifyHistory } from '@latchkey/audit';
import { Command } from 'commander';
import { type Print, Refusal } from './command-line';
import { type Facts, withFacts } from './facts';

/** Its command: history. */
export function verifyCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('verify').description('Checks what the server keeps against itself.');
  program
    .command('history')
    .description('links all facts anew and compares with what was signed; exit code 1 where they differ')
    .option('--json', 'each finding as a line of JSON')
    .action(({ json = false }: { json?: boolean }) => withFacts(env, (facts) => history(facts, json, print)));
  return program;
}

async function history({ store, signer, stores }: Facts, json: boolean, print: Print): Promise<void> {
  let findings = 0;
  const { chains, checkpoints } = await verifyHistory(store, signer.publicKey, (finding) => {
    findings++;
    print(json ? JSON.stringify(finding) : `${finding.at}: ${finding.message}`);
  });
  const names = new Map(
    (await stores.records.workspaces.list()).map(({ workspaceId, name }) => [workspaceId, name]),
  );
  if (!json) {
    for (const [workspaceId, { length, hash }] of chains) {
      print(`${names.get(workspaceId) ?? workspaceId}: ${length} facts, chain ${hash}`);
    }
    print(`${checkpoints} signatures were checked.`);
  }
  if (findings > 0) throw new Refusal(`The history has ${findings} faults.`);
}
