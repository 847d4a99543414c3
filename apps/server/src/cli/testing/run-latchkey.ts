import { latchkey } from '../latchkey';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
}

/** Runs the command line in this process. @param env settings, as the environment would give them */
export async function runLatchkey(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> {
  const [out, complaints]: [string[], string[]] = [[], []];
  const code = await latchkey(
    args,
    env,
    (line) => out.push(line),
    (line) => complaints.push(line),
  );
  return { code, out: out.join('\n'), complaint: complaints.join('\n') };
}
