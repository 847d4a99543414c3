import { join } from 'node:path';
import ts from 'typescript';

/** A value, and the type of the newest SDK that it should have. */
export interface Sample {
  /** What to call it when it has another type. */
  readonly name: string;
  /** A type that `@seamapi/http` exports: `AccessCode`, `Device`, … */
  readonly type: string;
  readonly value: unknown;
}

const FILE = join(__dirname, 'samples-of-answers.ts');

/** The compiler's word on values that don't have the SDK's types; empty where all of them do. */
export function typeFaults(samples: readonly Sample[]): string[] {
  const lines = samples.map(
    ({ type, value }, n) => `declare const v${n}: ${typeOf(value)}; export const t${n}: sdk.${type} = v${n};`,
  );
  const source = ["import type * as sdk from '@seamapi/http';", ...lines].join('\n');
  const options: ts.CompilerOptions = {
    ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, types: [] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const readFile = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (file) => file === FILE || fileExists(file);
  host.readFile = (file) => (file === FILE ? source : readFile(file));
  host.getSourceFile = (file, ...how) =>
    file === FILE ? ts.createSourceFile(file, source, how[0]) : getSourceFile(file, ...how);
  const program = ts.createProgram([FILE], options, host);
  const file = program.getSourceFile(FILE)!;
  const faults = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return faults.map(({ start, messageText }) => {
    const { line } = file.getLineAndCharacterOfPosition(start!);
    const { name, type } = samples[line - 1] ?? { name: '@seamapi/http', type: 'the SDK' };
    return `${name} is no ${type}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** The narrowest type of a JSON value, so that each word is compared with the words that the SDK knows. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(typeOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, entry]) => `${JSON.stringify(name)}: ${typeOf(entry)}`);
  return `{ ${entries.join('; ')} }`;
}
