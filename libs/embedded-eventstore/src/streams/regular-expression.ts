import { RE2JS } from 're2js';
import { type Context, createContext, Script } from 'node:vm';
import { LRUCache } from 'lru-cache';
import { unhandled } from '../protocol/rpc-error';

/** Longer patterns are refused: what it takes to compile one grows with its length. */
const LONGEST_PATTERN = 10_000;

/** How long the comparison with one text may take where there is no other bound, ms. */
const LONGEST_COMPARISON = 100;

/** Texts whose outcomes are remembered where comparing is dear. */
const REMEMBERED = 1000;

/**
 * Compiles a client's regular expression, for the node's one thread to run. RE2's engine takes no longer than the text
 * is long. What it does not know, lookarounds and backreferences above all, JavaScript's engine runs within a time
 * limit.
 * @returns whether a text contains a match; throws RpcError UNKNOWN when that takes too long to say
 * @throws RpcError UNKNOWN when it is no regular expression, as a real server answers
 */
export function compileRegularExpression(pattern: string): (text: string) => boolean {
  if (pattern.length > LONGEST_PATTERN) throw unhandled('The regular expression is too long.');
  const linear = compileLinear(pattern);
  return linear ? (text) => linear.test(text) : withinTime(pattern, compileBacktracking(pattern));
}

function compileLinear(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

function compileBacktracking(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    // Not every pattern of other dialects is one under the stricter rules of the "u" flag.
    try {
      return new RegExp(pattern);
    } catch {
      throw unhandled();
    }
  }
}

const COMPARISON = new Script('expression.test(text)');

/** Patterns that took too long are not tried again. */
const tooSlow = new LRUCache<string, true>({ max: REMEMBERED });

/** Only a script can be told to stop, and being told costs more than most comparisons: outcomes are remembered. */
function withinTime(pattern: string, expression: RegExp): (text: string) => boolean {
  const known = new LRUCache<string, boolean>({ max: REMEMBERED });
  const context = createContext({ expression, text: '' });
  return (text) => {
    let matches = known.get(text);
    if (matches === undefined) {
      if (!tooSlow.get(pattern)) matches = compare(context, text);
      if (matches === undefined) {
        tooSlow.set(pattern, true);
        throw unhandled('The regular expression of the filter takes too long.');
      }
      known.set(text, matches);
    }
    return matches;
  };
}

/** @returns undefined when it takes too long */
function compare(context: Context, text: string): boolean | undefined {
  context.text = text;
  const before = process.cpuUsage();
  for (;;) {
    try {
      return COMPARISON.runInContext(context, { timeout: LONGEST_COMPARISON }) as boolean;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      // The limit is by the wall clock: on a busy machine the time may have gone to others.
      const { user } = process.cpuUsage(before);
      if (user > (LONGEST_COMPARISON / 2) * 1000) return undefined;
    }
  }
}
