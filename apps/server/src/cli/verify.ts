import { verifyHistory } from '@latchkey/audit';
import { Command } from 'commander';
import type { Difference } from '../replay/differences';
import { verifyViews, type VerifiedView } from '../replay/verify-views';
import { type Print, Refusal } from './command-line';
import { type Facts, withFacts } from './facts';
import { ProgressLine } from './progress';

/** Its commands: history, views. */
export function verifyCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  const program = new Command('verify').description('Checks what the server keeps against itself.');
  program
    .command('history')
    .description('links all facts again and compares with what was signed; exit code 1 where they differ')
    .option('--json', 'each finding as a line of JSON')
    .action(({ json = false }: { json?: boolean }) => withFacts(env, (facts) => history(facts, json, print)));
  program
    .command('views')
    .description(
      'replays the facts into fresh tables and compares the views with them row by row, at one position; exit code 1 where they differ',
    )
    .option('--view <NAME>', 'this one alone')
    .option('--json', 'each difference as a line of JSON')
    .action((options: ViewsOptions) => withFacts(env, (facts) => views(facts, options, print)));
  return program;
}

interface ViewsOptions {
  readonly view?: string;
  readonly json?: boolean;
}

async function history(
  { store, archive, signer, stores }: Facts,
  json: boolean,
  print: Print,
): Promise<void> {
  let findings = 0;
  await archive.checkAll();
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
    if (!archive.isEmpty) print(`${archive.files.length} archive files are as they were written.`);
    print(`${checkpoints} signatures were checked.`);
  }
  if (findings > 0) throw new Refusal(`The history has ${findings} faults.`);
}

/** Also what `rebuild --dry-run` shows. @throws {Refusal} where views differ */
export async function views(facts: Facts, { view, json = false }: ViewsOptions, print: Print): Promise<void> {
  const line = new ProgressLine();
  const onDifference = (found: Difference): void => {
    line.clear();
    print(json ? JSON.stringify(found) : textOf(found));
  };
  const tell: Parameters<typeof verifyViews>[2]['tell'] = (name, runner, end) =>
    line.follow(name, runner, end);
  let verified: VerifiedView[];
  try {
    verified = await verifyViews(facts, view, { tell, onDifference });
  } finally {
    line.clear();
  }
  if (!json) {
    for (const { view: name, rows, position, differing } of verified) {
      const outcome = differing === 0 ? 'agrees with its facts' : `${differing} rows differ`;
      print(`${name}: ${rows} rows at ${position ?? 'the beginning'}, ${outcome}`);
    }
  }
  const wrong = verified.filter(({ differing }) => differing > 0).map(({ view: name }) => name);
  if (wrong.length > 0)
    throw new Refusal(`Not what the facts make of them: ${wrong.join(', ')}. rebuild puts them right.`);
}

const textOf = ({ view, table, key, column, expected, found }: Difference): string =>
  `${view}: ${table} ${key}${column === null ? '' : ` ${column}`}: expected ${expected}, found ${found}`;
