import { EventCodec, type Fold, type Happened } from '@latchkey/event-sourcing';
import { z } from 'zod';

/** Streams `actionAttempt-<id>`: one attempt to lock or unlock a door remotely, or at another lengthy action. */
export const ACTION_ATTEMPT = 'actionAttempt';

const action = z.enum([
  'lock',
  'unlock',
  'simulate_keypad_code_entry',
  'simulate_manual_lock_via_keypad',
  'reset_sandbox_workspace',
]);

export type Action = z.infer<typeof action>;

const shapes = {
  ActionRequested: {
    schema: z.object({
      actionAttemptId: z.string(),
      workspaceId: z.string(),
      /** Null where it is about no device. */
      deviceId: z.string().nullable(),
      action,
    }),
  },
  ActionSucceeded: { schema: z.object({}) },
  ActionFailed: {
    schema: z.object({
      /** The lock's or its maker's error code, in upper case; UNREACHABLE where neither was reached. */
      errorCode: z.string(),
      message: z.string(),
    }),
  },
};

export type ActionEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const actionCodec = new EventCodec<ActionEvent>(shapes);

export interface ActionAttempt {
  readonly actionAttemptId: string;
  readonly workspaceId: string;
  readonly deviceId: string | null;
  readonly action: Action;
  readonly requestedAt: number;
  readonly outcome: 'pending' | 'success' | { readonly errorCode: string; readonly message: string };
}

/** Null until it was requested. */
export const actionFold: Fold<ActionAttempt | null, ActionEvent> = {
  initial: null,
  evolve(attempt, event: Happened<ActionEvent>) {
    switch (event.type) {
      case 'ActionRequested':
        return { ...event.data, requestedAt: event.at, outcome: 'pending' };
      case 'ActionSucceeded':
        return attempt && { ...attempt, outcome: 'success' };
      case 'ActionFailed':
        return attempt && { ...attempt, outcome: event.data };
      default: {
        const never: never = event;
        return never;
      }
    }
  },
};

/** Repeated with the same id it changes nothing. */
export function requestAction(
  attempt: ActionAttempt | null,
  data: Extract<ActionEvent, { type: 'ActionRequested' }>['data'],
): ActionEvent[] {
  return attempt ? [] : [{ type: 'ActionRequested', data }];
}

/** The lock did it, or did not. Only the first report counts: reports may repeat. */
export function concludeAction(
  attempt: ActionAttempt | null,
  outcome: 'success' | { errorCode: string; message: string },
): ActionEvent[] {
  if (attempt?.outcome !== 'pending') return [];
  return [
    outcome === 'success'
      ? { type: 'ActionSucceeded', data: {} }
      : { type: 'ActionFailed', data: { errorCode: outcome.errorCode, message: outcome.message } },
  ];
}
