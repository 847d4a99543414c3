import { EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { CreateReq, DeleteReq, DetailsReq, type DetailsResp } from '@eventstore/db-client/generated/users_pb';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';

/** A user as others may see them. */
export interface NodeUser {
  readonly loginName: string;
  readonly fullName: string;
  readonly groups: readonly string[];
  /** ms since 1970. */
  readonly lastUpdated: number;
}

const TICKS_PER_MS = 10_000;
const OWNER_ONLY = ['$admins'];

/** The users of a private node, as its owner manages them. */
export class UsersOfNode {
  private readonly users: UsersClient;
  private readonly client: EventStoreDBClient;

  /** @param address the owner's, see `ownerAddress` */
  constructor(address: string) {
    this.users = new UsersClient(address, credentials.createInsecure());
    this.client = new EventStoreDBClient({ endpoint: address }, { insecure: true });
  }

  /** @throws ServiceError FAILED_PRECONDITION when there is a user of this name with another password */
  async create(user: {
    loginName: string;
    fullName: string;
    groups: readonly string[];
    password: string;
  }): Promise<void> {
    const request = new CreateReq();
    const options = new CreateReq.Options();
    options.setLoginName(user.loginName);
    options.setFullName(user.fullName);
    options.setGroupsList([...user.groups]);
    options.setPassword(user.password);
    request.setOptions(options);
    await answered((done) => this.users.create(request, done));
  }

  /** Ends a login at once, with everything that runs under it. @returns false when there is no such user */
  async delete(loginName: string): Promise<boolean> {
    const request = new DeleteReq();
    const options = new DeleteReq.Options();
    options.setLoginName(loginName);
    request.setOptions(options);
    try {
      await answered((done) => this.users.delete(request, done));
      return true;
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) return false;
      throw error;
    }
  }

  /** Everybody, by login name. */
  async list(): Promise<NodeUser[]> {
    const request = new DetailsReq();
    request.setOptions(new DetailsReq.Options());
    const found: NodeUser[] = [];
    for await (const answer of this.users.details(request) as AsyncIterable<DetailsResp>) {
      const details = answer.getUserDetails()!;
      found.push({
        loginName: details.getLoginName(),
        fullName: details.getFullName(),
        groups: details.getGroupsList(),
        lastUpdated: Number(details.getLastUpdated()?.getTicksSinceEpoch() ?? 0) / TICKS_PER_MS,
      });
    }
    return found;
  }

  /** Names a user or a group in a stream's `$acl`, beside those who are there, so that they may read it. */
  async allowReading(stream: string, role: string): Promise<void> {
    const { metadata, metastreamRevision } = await this.client.getStreamMetadata(stream);
    const { acl, ...rest } = metadata ?? {};
    const named = acl?.readRoles;
    const readers = named === undefined ? OWNER_ONLY : [named].flat();
    if (readers.includes(role)) return;
    const others = {
      writeRoles: OWNER_ONLY,
      deleteRoles: OWNER_ONLY,
      metaReadRoles: OWNER_ONLY,
      metaWriteRoles: OWNER_ONLY,
    };
    await this.client.setStreamMetadata(
      stream,
      { ...rest, acl: { ...others, ...acl, readRoles: [...readers, role] } },
      { expectedRevision: metastreamRevision ?? NO_STREAM },
    );
  }

  async close(): Promise<void> {
    this.users.close();
    await this.client.dispose();
  }
}

function answered<Response>(
  call: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}
