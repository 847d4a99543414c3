import { EventCodec, type Fold, type Happened } from '@latchkey/event-sourcing';
import { z } from 'zod';

/**
 * Streams `connectWebview-<id>`: the failed logins of an invitation. A successful one is on
 * the account's stream.
 */
export const CONNECT_WEBVIEW = 'connectWebview';

const shapes = {
  LoginFailed: { schema: z.object({ connectWebviewId: z.string(), workspaceId: z.string() }) },
};

export type LoginEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const loginCodec = new EventCodec<LoginEvent>(shapes);

/** How often it failed. */
export const loginFold: Fold<number, LoginEvent> = {
  initial: 0,
  evolve: (failures, event: Happened<LoginEvent>) => (event.type === 'LoginFailed' ? failures + 1 : failures),
};
