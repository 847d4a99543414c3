import { readFileSync, readlinkSync } from 'node:fs';

/** Which process it is, among all that ever ran on its machine. */
export interface ProcessMark {
  /** The machine since it was switched on, and in it the container: a pid means something there alone. */
  readonly place: string;
  readonly pid: number;
  /** When it began, in ticks since the machine was switched on: pids are given again. */
  readonly begun: string;
}

/** A process of this place that runs, or null where the system does not tell (it is not Linux). */
export function markOf(pid: number): ProcessMark | null {
  const begun = beginOf(pid);
  const place = thisPlace();
  return begun === null || place === null ? null : { place, pid, begun };
}

/** Whether a process has ended, as far as can be told from here: of those of other places nothing is known. */
export function hasEnded({ place, pid, begun }: ProcessMark): boolean {
  return place === thisPlace() && beginOf(pid) !== begun;
}

function thisPlace(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Null: there is no such process, or only its exit status is left. */
function beginOf(pid: number): string | null {
  try {
    // Its name, in parentheses, may hold anything; state and times come after.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (rest[18] ?? null);
  } catch {
    return null;
  }
}
