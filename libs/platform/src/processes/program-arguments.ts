import { existsSync } from 'node:fs';
import { join } from 'node:path';

const TYPESCRIPT = join(__dirname, '../../../../scripts/typescript.cjs');

/**
 * Node's arguments that run a program of ours in a process of its own: as it was compiled or, in tests, from its
 * TypeScript.
 * @param path its file, without `.js` or `.ts`
 */
export function programArguments(path: string): string[] {
  const compiled = `${path}.js`;
  return existsSync(compiled) ? ['--enable-source-maps', compiled] : ['--require', TYPESCRIPT, `${path}.ts`];
}
