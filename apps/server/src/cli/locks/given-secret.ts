import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { Writable } from 'node:stream';
import { Refusal } from '../command-line';

/** Where secrets are typed, or are sent to by a program. */
export type Input = Readable & { readonly isTTY?: boolean };

/**
 * A secret that is on no command line, where other users of the machine see it: the first line of a file, of what is
 * sent to the standard input, or of what is typed at a prompt that does not show it.
 * @param file its path; `-`: the standard input; undefined: the prompt, or the standard input where there is no terminal
 * @throws {Refusal} where there is none
 */
export async function givenSecret(what: string, file: string | undefined, input: Input): Promise<string> {
  const text =
    file !== undefined && file !== '-'
      ? await ofFile(what, file)
      : file === undefined && input.isTTY
        ? await typed(what, input)
        : await sent(input);
  const secret = text.split(/\r?\n/)[0]!.trim();
  if (secret === '') throw new Refusal(`There is no ${what}.`);
  return secret;
}

async function ofFile(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new Refusal(`The file ${path} of the ${what} can't be read (${code}).`);
  }
}

async function sent(input: Input): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8');
}

async function typed(what: string, input: Input): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: unseen, terminal: true });
  process.stderr.write(`${what}: `);
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
