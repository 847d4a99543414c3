import { Command } from 'commander';
import { rebuildViews, type RebuiltView } from '../replay/rebuild-views';
import type { Print } from './command-line';
import { type Facts, withFacts } from './facts';
import { ProgressLine } from './progress';
import { views } from './verify';

interface RebuildOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Folds views again from the facts. */
export function rebuildCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('rebuild')
    .description(
      'Folds a view again from all facts beside the one that is read, and puts it in its place. A server may run meanwhile. ' +
        'Cut short, it goes on where it was when it is called again.',
    )
    .argument('<VIEW>', 'its name, as verify views shows it, or all')
    .option('--dry-run', 'compares only, as verify views does')
    .option('--json', 'a line of JSON for each view')
    .action((view: string, options: RebuildOptions) =>
      withFacts(env, async (facts) => {
        const name = view === 'all' ? undefined : view;
        if (options.dryRun) await views(facts, { view: name, json: options.json ?? false }, print);
        else await rebuild(facts, name, options, print);
      }),
    );
}

async function rebuild(
  facts: Facts,
  name: string | undefined,
  { json = false }: RebuildOptions,
  print: Print,
): Promise<void> {
  const line = new ProgressLine();
  try {
    await rebuildViews(facts, name, {
      tell: (view, runner, end) => line.follow(view, runner, end),
      onRebuilt: (rebuilt) => {
        line.clear();
        print(json ? JSON.stringify(rebuilt) : textOf(rebuilt));
      },
    });
  } finally {
    line.clear();
  }
}

function textOf({ view, position, events, added, changed, removed }: RebuiltView): string {
  const rows = added + changed + removed;
  const outcome =
    rows === 0
      ? 'nothing differed'
      : `${rows} rows put right (${added} missing, ${changed} changed, ${removed} too many)`;
  return `${view}: ${events} events folded, ${outcome}; it stands at ${position ?? 'the beginning'}`;
}
