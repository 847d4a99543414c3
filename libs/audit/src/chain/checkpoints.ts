import { EventCodec, type Fold } from '@latchkey/event-sourcing';
import { HOUR } from '@latchkey/platform';
import { z } from 'zod';
import type { Link } from './chain';
import type { SignedLink } from './signing';

/** Streams `auditCheckpoint-<workspaceId>`: links of the workspace's chain, signed now and then. */
export const AUDIT_CHECKPOINT = 'auditCheckpoint';

const shapes = {
  ChainSigned: {
    schema: z.object({
      workspaceId: z.string(),
      length: z.int(),
      hash: z.string(),
      at: z.iso.datetime(),
      signature: z.string(),
    }),
  },
};

export interface CheckpointEvent {
  readonly type: 'ChainSigned';
  readonly data: SignedLink;
}

export const checkpointCodec = new EventCodec<CheckpointEvent>(shapes);

/** The last link that was signed; null before the first. */
export const checkpointFold: Fold<SignedLink | null, CheckpointEvent> = {
  initial: null,
  evolve: (_, { data }) => data,
};

/** After this many facts, or this long (ms), a chain is signed. */
export const SIGN_EVERY_FACTS = 1_000;
export const SIGN_EVERY_MS = HOUR;

/** Whether a chain has grown enough since its last signature to be signed again. */
export function isDue(last: SignedLink | null, { length }: Link, now: number): boolean {
  const since = length - (last?.length ?? 0);
  return since >= SIGN_EVERY_FACTS || (since > 0 && now - (last ? Date.parse(last.at) : 0) >= SIGN_EVERY_MS);
}
