import { EventStoreDBClient, StreamNotFoundError } from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { ScavengeResp, StartScavengeReq } from '@eventstore/db-client/generated/operations_pb';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/**
 * Has a private node erase from its disk what was deleted or truncated in it by now, and waits until that is done.
 * @param address the owner's, see `ownerAddress`
 * @throws Error when it was stopped in the middle: the next one ends its work
 */
export async function scavengeAsOwner(address: string): Promise<void> {
  const operations = new OperationsClient(address, credentials.createInsecure());
  const client = new EventStoreDBClient({ endpoint: address }, { insecure: true });
  try {
    // One that runs already may have passed what was truncated since: another one follows it.
    for (;;) {
      const { id, isNew } = await begun(operations);
      const result = await ended(client, `$scavenges-${id}`);
      if (!isNew) continue;
      if (result !== 'Success') throw new Error(`the scavenge ended as ${result}`);
      return;
    }
  } finally {
    operations.close();
    await client.dispose();
  }
}

async function begun(
  operations: OperationsClient,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const request = new StartScavengeReq();
  const options = new StartScavengeReq.Options();
  options.setThreadCount(1);
  request.setOptions(options);
  const answer = await new Promise<ScavengeResp>((resolve, reject) => {
    operations.startScavenge(request, (error: ServiceError | null, response: ScavengeResp) =>
      error === null ? resolve(response) : reject(error),
    );
  });
  return {
    id: answer.getScavengeId(),
    isNew: answer.getScavengeResult() === ScavengeResp.ScavengeResult.STARTED,
  };
}

/** @returns how it ended, as the node wrote it down */
async function ended(client: EventStoreDBClient, stream: string): Promise<string> {
  for (;;) {
    try {
      for await (const { event } of client.readStream(stream)) {
        if (event?.type === '$scavengeCompleted') return (event.data as { result: string }).result;
      }
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw error;
    }
    await delay(LOOK_EVERY_MS);
  }
}
