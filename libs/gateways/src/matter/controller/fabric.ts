import { join } from 'node:path';
import { Environment, Logger, LogLevel, Millis, ServerNode } from '@matter/main';
import { ClientCacheBuffer, ControllerBehavior, type ClientNode } from '@matter/main/node';
import { DoorLockClient } from '@matter/main/behaviors';
import { GeneralCommissioning } from '@matter/main/clusters/general-commissioning';
import { ClientInteraction, FabricAuthority, Invoke, type PeerAddress, PeerSet } from '@matter/main/protocol';
import type { Answer } from '../../lock-gateway';
import type { FoundLock, Limits, LockNews, ToController } from './messages';
import { PairedLock } from './paired-lock';
import { decodePairingCode, type PairingCode } from './pairing-code';
import { refused } from './refusals';
import { untilNobodys } from './storage-owner';
import { watchLock } from './watch-lock';
import { whyNotPaired } from './why-not-paired';

/** A lock is found and paired within this, or not at all, ms. */
const PAIRS_WITHIN_MS = 25_000;

/** Our own Matter fabric: we are its only controller, and the locks that were paired with us are on it. */
export class Fabric {
  private readonly locksById = new Map<string, PairedLock>();

  private constructor(
    private readonly controller: ServerNode,
    private readonly limits: Limits,
    private readonly onNews: (news: LockNews) => void,
  ) {}

  /**
   * @param start where its keys and what it knows of locks are kept, and on which network locks are looked for
   * @param onLog what the library has to say, which may hold anything
   */
  static async start(
    { folder, networkInterface, limits }: Extract<ToController, { kind: 'start' }>,
    onNews: (news: LockNews) => void,
    onLog: (text: string) => void,
  ): Promise<Fabric> {
    // Below a warning it tells of every command.
    Logger.level = LogLevel.WARN;
    Logger.destinations.default!.write = onLog;
    const environment = Environment.default;
    environment.vars.set('storage.path', folder);
    environment.vars.set('runtime.signals', false);
    environment.vars.set('runtime.exitcode', false);
    if (networkInterface !== null) environment.vars.set('mdns.networkInterface', networkInterface);
    const id = 'controller';
    await untilNobodys(join(folder, id));
    const controller = await ServerNode.create(ServerNode.RootEndpoint.with(ControllerBehavior), {
      id,
      network: { port: 0 },
      controller: { adminFabricLabel: 'Latchkey', ble: false },
      basicInformation: { vendorName: 'Latchkey', productName: 'Latchkey' },
    });
    await controller.act((agent) => agent.load(ControllerBehavior));
    await controller.start();
    const fabric = new Fabric(controller, limits, onNews);
    for (const node of controller.peers) if (node.lifecycle.isCommissioned) await fabric.take(node);
    return fabric;
  }

  /** @param pairingCode what the lock's QR code says, or the digits beside it */
  async pair(pairingCode: string, address: string | null): Promise<Answer<FoundLock>> {
    const code = decodePairingCode(pairingCode);
    if (code.kind !== 'answered') return code;
    let node: ClientNode;
    try {
      node = address === null ? await this.pairFound(code.value) : await this.pairAt(code.value, address);
    } catch (error) {
      return refused('NOT_PAIRED', whyNotPaired(error));
    }
    await this.take(node);
    await this.keep();
    const lock = [...this.locksById.values()].find((each) => each.node === node);
    if (!lock) {
      await node.decommission().catch(() => node.delete());
      return refused('NO_LOCK', 'the device that was paired is no lock');
    }
    // It has just answered; what it reports by itself begins a moment later.
    lock.online = true;
    return { kind: 'answered', value: lock.describe() };
  }

  async locks(): Promise<Answer<{ fabricId: string; locks: FoundLock[] }>> {
    const authority = this.controller.env.get(FabricAuthority);
    const config = await this.controller.act((agent) => agent.get(ControllerBehavior).fabricAuthorityConfig);
    const { globalId } = await authority.defaultFabric(config);
    const locks = [...this.locksById.values()].map((lock) => lock.describe());
    return { kind: 'answered', value: { fabricId: globalId.toString(16), locks } };
  }

  lock(lockId: string): PairedLock | undefined {
    return this.locksById.get(lockId);
  }

  async forget(): Promise<Answer<null>> {
    for (const { node } of new Set(this.locksById.values())) {
      // One that does not answer has to be reset by hand.
      await node.decommission().catch(() => node.delete());
    }
    this.locksById.clear();
    return { kind: 'answered', value: null };
  }

  close(): Promise<void> {
    return this.controller.close();
  }

  /** Writes down what is known of locks: by itself the library does so later, and would forget a lock that it just paired. */
  private async keep(): Promise<void> {
    const { env } = this.controller;
    if (env.has(ClientCacheBuffer)) await env.get(ClientCacheBuffer).flush();
  }

  private async take(node: ClientNode): Promise<void> {
    for (const endpoint of node.endpoints) {
      if (!endpoint.behaviors.has(DoorLockClient)) continue;
      const lock = new PairedLock(node, endpoint, this.limits);
      const known = this.locksById.get(lock.lockId);
      // Paired again: the node that it was is gone.
      if (known && known.node !== node) void known.node.delete();
      this.locksById.set(lock.lockId, lock);
      if (known?.node !== node) await watchLock(lock, this.onNews);
    }
  }

  private async pairFound(code: PairingCode): Promise<ClientNode> {
    return await this.controller.peers.commission({ ...code, timeout: Millis(PAIRS_WITHIN_MS) });
  }

  /** At a known address: for networks where nothing announces itself. */
  private async pairAt({ passcode }: PairingCode, address: string): Promise<ClientNode> {
    const { hostname, port } = new URL(`udp://${address}`);
    const at = { type: 'udp' as const, ip: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5540) };
    const node = await this.controller.peers.forDescriptor({ addresses: [at] });
    const finalizeCommissioning = async (peerAddress: PeerAddress): Promise<void> => {
      const peer = this.controller.env.get(PeerSet).for(peerAddress);
      peer.descriptor.operationalAddress = at;
      await peer.connect();
      const { exchangeProvider } = peer;
      const environment = this.controller.env;
      const client = new ClientInteraction({ environment, exchangeProvider, address: peerAddress });
      const commissioned = Invoke.ConcreteCommandRequest({
        ...{ endpoint: 0, cluster: GeneralCommissioning, command: 'commissioningComplete' },
      } as never);
      for await (const _ of client.invoke(Invoke({ commands: [commissioned] })));
      await client.close();
    };
    await node.commission({
      ...{ passcode, timeout: Millis(PAIRS_WITHIN_MS), finalizeCommissioning },
      // Whoever holds the pairing code says that the lock is theirs.
      onAttestationFailure: () => true,
    });
    return node;
  }
}
