import {
  type DeleteReq,
  DeleteResp,
  type TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import { type NodeContext } from './context';
import { streamDeleted, wrongExpectedVersion } from '../protocol/rpc-error';
import { type Target, targetOf } from './append';
import { expectedVersionNumber } from './expected-revision';
import { type WriteOutcome } from './stream-writer';

export function deleteTarget(request: DeleteReq | TombstoneReq): Target {
  return targetOf(request.getOptions());
}

/** Soft delete. @throws RpcError when the stream is not as expected, or is tombstoned */
export async function softDelete(context: NodeContext, target: Target): Promise<DeleteResp> {
  const { stream, expected } = target;
  const outcome = await context.commits.submit(() => context.writer.softDelete(stream, expected));
  const position = new DeleteResp.Position();
  setPosition(position, deletedAt(outcome, target));
  const response = new DeleteResp();
  response.setPosition(position);
  return response;
}

/** Hard delete. @throws RpcError when the stream is not as expected, or is tombstoned already */
export async function tombstone(context: NodeContext, target: Target): Promise<TombstoneResp> {
  const { stream, expected } = target;
  const outcome = await context.commits.submit(() => context.writer.tombstone(stream, expected));
  const position = new TombstoneResp.Position();
  setPosition(position, deletedAt(outcome, target));
  const response = new TombstoneResp();
  response.setPosition(position);
  return response;
}

function deletedAt(outcome: WriteOutcome, { stream, expected }: Target): number {
  switch (outcome.kind) {
    case 'written':
      return outcome.position ?? 0;
    case 'stream-deleted':
      throw streamDeleted(stream);
    case 'wrong-expected-revision':
      throw wrongExpectedVersion('Delete', stream, expectedVersionNumber(expected), outcome.currentRevision);
  }
}

function setPosition(
  message: { setCommitPosition(value: string): unknown; setPreparePosition(value: string): unknown },
  position: number,
): void {
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
}
