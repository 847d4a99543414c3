import { isUnmanaged, unmanagedIssues } from '@latchkey/access-codes';
import type { Draft } from '../public-event';
import type { Around, CodeStep } from './code-step';
import { type Announced, announcedAtFirst } from './confirmations';
import { becameTrue, issues } from './troubles';

const UNMANAGED = 'access_code.unmanaged';

/** Whether what happened is part of the life that a code has apart from us. */
export function isOfUnmanaged({ event, before, after }: CodeStep): boolean {
  return isUnmanaged(after) || (before !== null && isUnmanaged(before)) || event.type === 'UnmanagedCodeGone';
}

/** What integrations are told of a code that is not ours, as it comes and goes and becomes ours. */
export function unmanagedDrafts(step: CodeStep, around: Around): { drafts: Draft[]; told: Announced } {
  const { event, after } = step;
  // What was on the lock when it became ours, integrations know.
  const told = { ...announcedAtFirst(after), onDevice: event.type === 'TakenIntoManagement' };
  return { drafts: [...happened(step, around), ...becameTrue(step, around)], told };
}

function happened({ event, after }: CodeStep, around: Around): Draft[] {
  switch (event.type) {
    // Let go of, it is on the lock as before, and one more that we do not manage.
    case 'UnmanagedCodeSeen':
    case 'LetGo':
      return [{ type: `${UNMANAGED}.created`, body: {} }];
    case 'UnmanagedCodeGone':
    case 'Removed':
      return [{ type: `${UNMANAGED}.removed`, body: {} }];
    case 'TakenIntoManagement':
      return [{ type: `${UNMANAGED}.converted_to_managed`, body: {} }];
    case 'ConversionRefused': {
      const pins = { wanted: null, onLock: null };
      const alone = { ...around, device: null, account: null, now: event.at, pins };
      const { errors, warnings } = unmanagedIssues(after, alone);
      return [
        {
          type: `${UNMANAGED}.failed_to_convert_to_managed`,
          body: {
            ...issues(after, around, event.at),
            access_code_errors: errors,
            access_code_warnings: warnings,
          },
        },
      ];
    }
    default:
      return [];
  }
}
