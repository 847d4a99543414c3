import { Client, credentials, status, type StatusObject } from '@grpc/grpc-js';
import { HOLD_FILE } from './backup-service';

/** The file of a running node stands still. */
export interface FileHeld {
  /** Lets it go. @throws Error where it may have changed before: the node ended, or lost sight of us */
  release(): Promise<void>;
  /** Lets it go, however it is. */
  abandon(): void;
}

/**
 * Has the private node at an address, see `ownerAddress`, leave its file as it is: it then holds every event that was
 * acknowledged before, and `events.db` in its data folder may be copied. Appends go on meanwhile.
 * @throws Error when the node does not answer
 */
export async function holdFile(address: string): Promise<FileHeld> {
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(
    HOLD_FILE.path,
    HOLD_FILE.requestSerialize,
    HOLD_FILE.responseDeserialize,
  );
  // It ends well only after we have said that it may.
  const ended = new Promise<void>((resolve, reject) => {
    call.on('status', ({ code, details }: StatusObject) => {
      if (code === status.OK) resolve();
      else reject(new Error(`the event store has let go: ${details}`));
    });
  });
  ended.catch(() => undefined);
  // Told by its status.
  call.on('error', () => undefined);
  const abandon = (): void => {
    call.cancel();
    client.close();
  };
  try {
    await Promise.race([new Promise((resolve) => call.once('data', resolve)), ended]);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    release: async () => {
      call.end();
      await ended.finally(() => client.close());
    },
    abandon,
  };
}
