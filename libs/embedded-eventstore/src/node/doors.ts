import { OPEN_GATE } from '../access/caller';
import { backupService } from '../backup/backup-service';
import { historyService } from '../history/history-service';
import { rewritingService } from '../rewriting/rewriting-service';
import { type NodeParts } from '../streams/context';
import { loginGate, subscriberGate } from '../users/gates';
import { type StreamAccess } from '../users/stream-access';
import { type NodeCertificates } from './certificates';
import { FrontDoor } from './front-door';
import { createGrpcServer, createSubscriberServer, type GrpcParts, type GrpcServer } from './grpc-server';
import { httpRequests } from './http-requests';
import { type Access } from './node-options';

/** The most connections of subscribers, and of those who would like to be. */
const MOST_SUBSCRIBER_CONNECTIONS = 256;

/** A way into a node: where it listens, and what it offers there to whom. */
interface Door {
  readonly front: FrontDoor;
  readonly grpc: GrpcServer;
}

/** The ways into a node. */
export class Doors {
  private readonly doors: Door[] = [];

  constructor(
    private readonly context: NodeParts,
    private readonly parts: GrpcParts,
    private readonly isReady: () => boolean,
  ) {}

  /**
   * Opens the way in by TCP.
   * @param certificates undefined where nobody needs a login
   * @returns the port
   * @throws StartRefused when the port cannot be had
   */
  async openPort(
    access: Access,
    where: { host: string; port: number },
    certificates: NodeCertificates | undefined,
    acls: StreamAccess,
  ): Promise<number> {
    const { users } = this.parts;
    if (access === 'private') {
      const context = { ...this.context, gate: subscriberGate(users, acls) };
      const grpc = createSubscriberServer(context, this.parts);
      return this.door(grpc, certificates, MOST_SUBSCRIBER_CONNECTIONS).listen(where.host, where.port);
    }
    const gate = access === 'logins' ? loginGate(users, acls) : OPEN_GATE;
    const grpc = createGrpcServer({ ...this.context, gate }, this.parts);
    return this.door(grpc, certificates).listen(where.host, where.port);
  }

  /** Opens the owner's way in. @throws StartRefused when the path cannot be had */
  async openSocket(path: string): Promise<void> {
    const { context } = this;
    const owners = [backupService(context), historyService(context), rewritingService(context)];
    const grpc = createGrpcServer({ ...context, gate: OPEN_GATE }, this.parts, owners);
    await this.door(grpc, undefined).listenOnSocket(path);
  }

  /** Takes no new connections. */
  close(): void {
    for (const { front } of this.doors) front.close();
  }

  /** Lets calls that are being answered end, then cuts the connections. */
  async cut(): Promise<void> {
    await Promise.all(this.doors.map(({ front, grpc }) => grpc.close(() => front.cutConnections())));
  }

  private door(grpc: GrpcServer, certificates: NodeCertificates | undefined, most?: number): FrontDoor {
    const front = new FrontDoor(grpc.injector, httpRequests(this.isReady), certificates, most);
    this.doors.push({ front, grpc });
    return front;
  }
}
