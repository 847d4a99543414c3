import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { REPLACE_EVENT, type ReplacementMessage } from './rewriting-service';

/** What is to stand in the place of an event's data and metadata, as JSON has it; the rest of it stays. */
export interface Replacement {
  readonly stream: string;
  readonly revision: number;
  /** Of the event that must be there. */
  readonly id: string;
  readonly data: unknown;
  readonly metadata: unknown;
}

const base64 = (json: unknown): string => Buffer.from(JSON.stringify(json), 'utf8').toString('base64');

/** Rewrites events of a private node, as its owner. */
export class EventRewriting {
  private readonly client: Client;

  /** @param address the owner's, see `ownerAddress` */
  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure());
  }

  /**
   * Replaces one event. When this returns it is on the disk; what was there before is overwritten by the next scavenge.
   * @returns false where there is no such event
   * @throws Error when the node does not answer
   */
  async replace({ stream, revision, id, data, metadata }: Replacement): Promise<boolean> {
    const content = { data: base64(data), metadata: base64(metadata) };
    const message: ReplacementMessage = { stream, revision, id, ...content };
    const request = Buffer.from(JSON.stringify(message), 'utf8');
    const { path, requestSerialize, responseDeserialize } = REPLACE_EVENT;
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      this.client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, request] as const),
        (error: ServiceError | null, response?: Buffer) => (error ? reject(error) : resolve(response)),
      );
    });
    return answer?.toString('utf8') === 'true';
  }

  close(): void {
    this.client.close();
  }
}
