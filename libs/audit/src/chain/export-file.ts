import { createHash } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import type { EventStore } from '@latchkey/event-sourcing';
import { beginning, type Link } from './chain';
import { type Finding, verifyHistory } from './history';
import type { ChainSigner } from './signing';

/** The first line of an export. Each later one holds a fact with its link, a checkpoint, or, at last, the end. */
export interface ExportHeader {
  readonly latchkey_audit: 1;
  readonly workspace_id: string;
  readonly public_key: string;
  readonly exported_at: string;
}

export interface Exported {
  readonly facts: number;
  readonly checkpoints: number;
  /** What was found to be wrong with the history. */
  readonly findings: readonly Finding[];
}

/** Lines are written together once they are so long, in characters. */
const WRITTEN_TOGETHER = 64 * 1024;

/**
 * Writes a workspace's facts, chain and checkpoints into one file, as JSON lines. It appears under its name only once
 * it is whole and on the disk; where that fails, nothing is left.
 * @throws Error EEXIST where a file of that name exists; also the errors of the disk
 */
export async function exportAudit(
  { store, signer }: { readonly store: EventStore; readonly signer: ChainSigner },
  workspaceId: string,
  file: string,
  now: string,
): Promise<Exported> {
  const partial = `${file}.partial`;
  // Outside of what follows: one that is there already is another export's.
  const out = await open(partial, 'wx', 0o600);
  try {
    const written = createHash('sha256');
    let waiting = '';
    const flush = async (): Promise<void> => {
      const text = waiting;
      waiting = '';
      await out.writeFile(text);
    };
    const write = async (line: object): Promise<void> => {
      const text = `${JSON.stringify(line)}\n`;
      written.update(text);
      waiting += text;
      if (waiting.length >= WRITTEN_TOGETHER) await flush();
    };
    const header: ExportHeader = {
      ...{ latchkey_audit: 1, workspace_id: workspaceId },
      ...{ public_key: signer.publicKey, exported_at: now },
    };
    await write(header);
    const findings: Finding[] = [];
    let end: Link = beginning(workspaceId);
    let checkpoints = 0;
    const onFinding = (finding: Finding) => void findings.push(finding);
    await verifyHistory(store, signer.publicKey, onFinding, async ({ fact, link, checkpoint }, of) => {
      if (of !== workspaceId) return;
      end = link;
      await write({ fact, hash: link.hash });
      if (!checkpoint) return;
      checkpoints++;
      await write({ checkpoint });
    });
    await write({ end: signer.sign(workspaceId, end, now, written.copy().digest('hex')) });
    await flush();
    await out.sync();
    // Fails where the name is taken, as a rename would not.
    await link(partial, file);
    return {
      facts: end.length,
      checkpoints,
      findings: findings.filter((each) => each.workspaceId === workspaceId),
    };
  } finally {
    await out.close();
    await rm(partial, { force: true });
  }
}
