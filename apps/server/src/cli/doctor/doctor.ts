import { styleText } from 'node:util';
import { Command } from 'commander';
import { examine } from './examine';
import type { Finding, Standing } from './check';
import { type Print, Refusal } from '../command-line';

const COLOURS = { ok: 'green', warn: 'yellow', bad: 'red' } as const;

/** Says how everything stands that a server needs, and what to do about it. */
export function doctorCommand(env: NodeJS.ProcessEnv, print: Print): Command {
  return new Command('doctor')
    .description(
      'Looks at settings, disk, clock, stores, views, lock systems and webhooks, and says what to do. ' +
        'A server may run meanwhile. Exit code 1 where something is bad.',
    )
    .option('--json', 'each finding as a line of JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      let wrong = 0;
      for await (const finding of examine(env)) {
        if (finding.standing === 'bad') wrong++;
        if (json) print(JSON.stringify(finding));
        else for (const line of linesOf(finding)) print(line);
      }
      if (wrong > 0) throw new Refusal(wrong === 1 ? 'One thing is bad.' : `${wrong} things are bad.`);
    });
}

const NAME_WIDTH = 'event store clock'.length;

function linesOf({ check, standing, found, advice }: Finding): string[] {
  const line = `${coloured(standing)}  ${check.padEnd(NAME_WIDTH)}  ${found}`;
  return advice === null ? [line] : [line, `${' '.repeat(8 + NAME_WIDTH)}→ ${advice}`];
}

/** On a terminal alone. */
function coloured(standing: Standing): string {
  const text = standing.padEnd(4);
  const { NO_COLOR } = process.env;
  return process.stdout.isTTY && NO_COLOR === undefined ? styleText(COLOURS[standing], text) : text;
}
