import { type ServerDuplexStream } from '@grpc/grpc-js';
import persistent from '@eventstore/db-client/generated/persistent_pb';
import { ALL_STREAM } from '../access/caller';
import { type NodeContext } from '../streams/context';
import { ResponseStream } from '../protocol/response-stream';
import { accessDenied, isFault, toRpcError, unhandled } from '../protocol/rpc-error';
import { uuidFromWire } from '../protocol/uuid-from-wire';
import { Consumer } from './consumer';
import { maximumSubscribersReached } from './errors';
import { idKey } from './message';
import { type GroupRegistry } from './registry';
import { streamNameOf } from './requests';
import { type NackAction, type SubscriptionGroup } from './subscription-group';

type Call = ServerDuplexStream<persistent.ReadReq, Buffer>;

/** Serves one consumer of a group: joins with its first message, then takes acks and nacks. */
export class ConsumerSession {
  private readonly response: ResponseStream;
  private joined: { group: SubscriptionGroup; consumer: Consumer } | undefined;
  private received: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: NodeContext,
    private readonly registry: GroupRegistry,
    private readonly call: Call,
  ) {
    this.response = new ResponseStream(call as never);
    this.response.onEnd(() => this.joined?.group.leave(this.joined.consumer));
    call.on('data', (request: persistent.ReadReq) => {
      if (this.joined) return this.guarded(() => this.answered(request));
      this.received = this.received.then(async () => {
        try {
          if (this.joined) this.answered(request);
          else if (this.response.isOpen) await this.join(request);
        } catch (error) {
          this.failed(error);
        }
      });
    });
    call.on('end', () => void this.received.then(() => this.response.end()));
  }

  private async join(request: persistent.ReadReq): Promise<void> {
    const options = request.getOptions();
    if (!options) throw unhandled();
    const stream = options.hasAll() ? ALL_STREAM : streamNameOf(options);
    const groupName = options.getGroupName();
    const caller = await this.context.gate.identify(this.call.metadata);
    if (!caller.isAuthenticated || !caller.mayConsume(stream, groupName)) throw accessDenied();
    const bufferSize = options.getBufferSize();
    if (bufferSize <= 0) throw unhandled();
    if (!this.response.isOpen) return;
    this.response.onEnd(caller.onLoginEnded(() => this.response.fail(accessDenied())));
    // From here on in one turn of the loop: else the group could fill up, or be gone, before this consumer is in it.
    const group = this.registry.get(stream, groupName);
    if (group.isFull) throw maximumSubscribersReached(stream, groupName);
    const consumer = new Consumer(
      this.response,
      {
        connectionName: String(this.call.metadata.get('connection-name')[0] ?? '<unknown>'),
        user: caller.name ?? 'anonymous',
        from: this.call.getPeer(),
      },
      Math.min(bufferSize, caller.bufferLimit),
      options.getUuidOption()?.hasString() ? 'text' : 'structured',
      group.definition.settings.extraStatistics,
      this.context.now,
    );
    this.joined = { group, consumer };
    void this.response.write(confirmation(group.key));
    group.join(consumer);
  }

  private answered(request: persistent.ReadReq): void {
    const { group } = this.joined!;
    const ack = request.getAck();
    const nack = request.getNack();
    if (ack) group.ack(keysOf(ack));
    else if (nack) group.nack(keysOf(nack), actionOf(nack), nack.getReason());
    else throw unhandled();
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    const rpcError = error instanceof RangeError ? unhandled(error.message) : toRpcError(error);
    if (isFault(error) && !(error instanceof RangeError)) this.context.report(error);
    this.response.fail(rpcError);
  }
}

function keysOf(message: persistent.ReadReq.Ack | persistent.ReadReq.Nack): string[] {
  return message.getIdsList().map((id) => idKey(uuidFromWire(id)));
}

function actionOf(nack: persistent.ReadReq.Nack): NackAction {
  const { Action } = persistent.ReadReq.Nack;
  switch (nack.getAction()) {
    case Action.PARK:
      return 'park';
    case Action.SKIP:
      return 'skip';
    case Action.STOP:
      return 'stop';
    case Action.RETRY:
    case Action.UNKNOWN:
      return 'retry';
    default:
      throw unhandled();
  }
}

function confirmation(subscriptionId: string): Buffer {
  const confirmed = new persistent.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(subscriptionId);
  const response = new persistent.ReadResp();
  response.setSubscriptionConfirmation(confirmed);
  return Buffer.from(response.serializeBinary());
}
