import { backOff, CryptoRandom, MINUTE, SECOND } from '@latchkey/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type LocalConnection, ourSlots, type SlotRange } from '../local';
import type { Answer, LockDescription, LockReport, Refusal } from '../lock-gateway';
import { NodeCommands, refused } from './node-commands';
import { CC, levelOf, lockIdOf, nodeOf, nodesOf, takesCodes, type ZwaveNode } from './nodes';
import { toldBy, toldByValue } from './notifications';
import { SilentNodes } from './silent-nodes';
import { type Abilities, type Reach, ZwaveLock } from './zwave-lock';
import { type ZwaveEvent, ZwaveSocket } from './zwave-socket';

/** How long a call waits for a connection that is being made, ms. */
const CONNECTING_WITHIN = 20 * SECOND;
const RETRY = { first: SECOND, limit: MINUTE };

export interface HubOptions {
  readonly connection: LocalConnection;
  /** The network that the account is; null: any (it is being tried out). */
  readonly homeId: string | null;
  /** Node numbers and locks, as they were when the hub was last seen: kept while a node is interviewed again. */
  readonly known: Readonly<Record<string, string>>;
  /** The set of locks has changed. */
  readonly onKnown: (known: Readonly<Record<string, string>>) => void;
  readonly slots: SlotRange | null;
  /** IANA name: what the locks' clocks show. */
  readonly zone: string;
  readonly clock: { now(): number };
  readonly onReport: (report: LockReport) => void;
  readonly newId: () => string;
}

/** A lock of the network, with what it was found to be able to. */
interface Found {
  readonly lock: ZwaveLock;
  abilities: Abilities | null;
}

/** The network behind one Z-Wave JS server: one connection, kept for as long as the account is there. */
export class Hub {
  private socket: ZwaveSocket | null = null;
  private readonly nodes = new Map<number, ZwaveNode>();
  private readonly found = new Map<string, Found>();
  private readonly silent: SilentNodes;
  private readonly ended = new AbortController();
  private readonly random = new CryptoRandom();
  private connecting: Promise<Refusal | null> | null = null;
  private wasLost = false;
  private known: Record<string, string>;
  /** Another one in each process, so that locks are read back once after a start. */
  private readonly era: string;

  constructor(private readonly options: HubOptions) {
    this.known = { ...options.known };
    this.silent = new SilentNodes(options.clock);
    this.era = options.newId();
  }

  /** The network's own number, as eight digits of its hexadecimal writing. */
  get homeId(): string {
    return (this.socket?.homeId ?? 0).toString(16).padStart(8, '0');
  }

  /** Which lock each node is, as was found last. */
  get lockOfNode(): Record<string, string> {
    return { ...this.known };
  }

  /** What answers there, for people. */
  get version(): string {
    return this.socket ? `Z-Wave JS server ${this.socket.version}` : 'Z-Wave JS';
  }

  /** Null: connected. A call that comes while the connection is being made waits for it. */
  async up(): Promise<Refusal | null> {
    if (this.ended.signal.aborted) return { kind: 'unreachable', message: 'the server is stopping.' };
    if (this.socket) return null;
    this.connecting ??= this.connect().finally(() => (this.connecting = null));
    const late = pause(CONNECTING_WITHIN, 'late' as const, { ref: false });
    const outcome = await Promise.race([this.connecting, late]);
    return outcome === 'late' ? { kind: 'unreachable', message: 'nothing answers there yet.' } : outcome;
  }

  /** Keeps connected from now on. */
  keepUp(): void {
    void this.up().then((refusal) => refusal && this.reconnect());
  }

  async locks(): Promise<Answer<LockDescription[]>> {
    const down = await this.up();
    if (down) return down;
    const described: LockDescription[] = [];
    for (const node of [...this.nodes.values()]) {
      const one = await this.describe(node);
      if (one) described.push(one);
    }
    this.remember();
    return { kind: 'answered', value: described };
  }

  /**
   * What is needed for a command to a lock that answers.
   * @param isAwaited somebody waits for it: a node that was silent a moment ago is tried once more
   */
  async reach(lockId: string, isAwaited = false): Promise<Answer<Reach & { readonly lock: ZwaveLock }>> {
    const down = await this.up();
    if (down) return down;
    const node = [...this.nodes.values()].find((one) => lockIdOf(one) === lockId);
    if (!node || !takesCodes(node)) return refused('NOT_FOUND', 'There is no such lock in the network.');
    const commands = new NodeCommands(this.socket!, node.nodeId);
    if (!(await this.silent.answers(node, () => commands.ping(), isAwaited)))
      return refused('DEVICE_OFFLINE', 'The lock does not answer.');
    const found = this.foundOf(lockId);
    const abilities = await this.abilitiesOf(node, found, commands);
    const ours = abilities && ourSlots(abilities.slots, this.options.slots);
    if (!abilities || !ours) return refused('NO_SLOTS', 'The lock has no places for codes that are ours.');
    const { zone } = this.options;
    return { kind: 'answered', value: { lock: found.lock, commands, abilities, ours, zone } };
  }

  close(): void {
    this.ended.abort();
    this.socket?.close();
    this.socket = null;
  }

  private async connect(): Promise<Refusal | null> {
    const { connection, homeId } = this.options;
    const opened = await ZwaveSocket.connect(connection, {
      onEvent: (event) => this.heard(event),
      onClose: () => this.lost(),
    });
    if (opened.kind !== 'answered') return opened;
    const { socket, state } = opened.value;
    if (this.ended.signal.aborted) socket.close();
    else if (homeId !== null && socket.homeId.toString(16).padStart(8, '0') !== homeId) {
      socket.close();
      return { kind: 'unreachable', message: 'another Z-Wave network answers there.' };
    }
    this.socket = socket;
    this.nodes.clear();
    this.silent.clear();
    for (const node of nodesOf(state)) this.nodes.set(node.nodeId, node);
    // Whatever happened while nobody listened.
    for (const { lock } of this.found.values()) lock.table.doubtAll();
    if (this.wasLost) this.options.onReport({ kind: 'system-back' });
    this.wasLost = false;
    return null;
  }

  private lost(): void {
    if (!this.socket || this.ended.signal.aborted) return;
    this.socket = null;
    this.wasLost = true;
    this.options.onReport({ kind: 'system-lost' });
    this.reconnect();
  }

  private reconnect(): void {
    void (async () => {
      const { signal } = this.ended;
      for (let failures = 0; !signal.aborted; failures++) {
        await pause(backOff(failures, RETRY, this.random), undefined, { signal, ref: false }).catch(
          () => undefined,
        );
        if (signal.aborted || (await this.up()) === null) return;
        this.wasLost = true;
      }
    })();
  }

  private foundOf(lockId: string): Found {
    const before = this.found.get(lockId);
    if (before) return before;
    const found = { lock: new ZwaveLock(this.options.clock), abilities: null };
    this.found.set(lockId, found);
    return found;
  }

  private async abilitiesOf(
    node: ZwaveNode,
    found: Found,
    commands: NodeCommands,
  ): Promise<Abilities | null> {
    if (found.abilities) return found.abilities;
    const users = node.classes.has(CC.userCredential);
    const places = await commands.pinPlaces(users);
    if (!places) return null;
    const mayKeep = node.classes.has(CC.scheduleEntryLock) && node.classes.has(CC.userCode);
    const perCode = mayKeep ? await found.lock.inLine(() => commands.schedulesPerCode()) : null;
    // What a lock that is silent now can do is asked again.
    if (perCode?.kind === 'unknown') return { ...places, users, schedules: false };
    found.abilities = { ...places, users, schedules: perCode?.kind === 'ok' && perCode.value > 0 };
    return found.abilities;
  }

  /** Null: no lock, or one that has not been interviewed and was not known before. */
  private async describe(node: ZwaveNode): Promise<LockDescription | null> {
    const own = takesCodes(node) ? lockIdOf(node) : null;
    const isNew = node.classes.size === 0 || node.fingerprint === null;
    const lockId = own ?? (isNew ? (this.known[node.nodeId] ?? null) : null);
    if (lockId === null) return null;
    const found = this.foundOf(lockId);
    const commands = new NodeCommands(this.socket!, node.nodeId);
    const abilities = await this.abilitiesOf(node, found, commands);
    // While it is interviewed again the driver does not know what it can do: the lock is there, and can't be used.
    const online =
      own !== null && abilities !== null && (await this.silent.answers(node, () => commands.ping()));
    return {
      lockId,
      name: node.name ?? node.model ?? `Z-Wave lock ${node.nodeId}`,
      model: node.model,
      online,
      batteryLevel: node.batteryLevel,
      timeZone: this.options.zone,
      clockDrift: null,
      updatedAt: `${this.era}/${found.lock.table.version}`,
      capabilities: this.capabilitiesOf(node, found, abilities),
    };
  }

  private capabilitiesOf(node: ZwaveNode, { lock }: Found, abilities: Abilities | null) {
    const ours = abilities && ourSlots(abilities.slots, this.options.slots);
    const turns = node.classes.has(CC.doorLock);
    const schedules = abilities !== null && lock.schedulesWith({ abilities });
    return {
      nativeScheduling: schedules,
      supportedCodeLengths: abilities?.lengths ?? [4, 5, 6, 7, 8],
      codeConstraints: [],
      maxActiveCodes: ours ? ours.last - ours.first + 1 : 0,
      ...(ours ? { slots: ours } : {}),
      ...(schedules ? { timeStepMinutes: 1, keepsWallTime: true } : {}),
      canRemotelyLock: turns,
      canRemotelyUnlock: turns,
    };
  }

  /** Tells which lock each node is, so that it is not forgotten while it is interviewed again. */
  private remember(): void {
    const now: Record<string, string> = {};
    for (const node of this.nodes.values()) {
      const lockId = takesCodes(node) ? lockIdOf(node) : null;
      const isNew = node.classes.size === 0 || node.fingerprint === null;
      const kept = lockId ?? (isNew ? this.known[node.nodeId] : undefined);
      if (kept) now[node.nodeId] = kept;
    }
    if (JSON.stringify(now) === JSON.stringify(this.known)) return;
    this.known = now;
    this.options.onKnown(now);
  }

  private heard(event: ZwaveEvent): void {
    const { source, event: name } = event;
    if (source === 'controller' && (name === 'node added' || name === 'node removed'))
      this.nodesChanged(event);
    const nodeId = z.number().safeParse(event.nodeId).data;
    const node = nodeId === undefined ? undefined : this.nodes.get(nodeId);
    if (source !== 'node' || nodeId === undefined) return;
    if (name === 'ready' || name === 'interview completed') return this.interviewed(nodeId, event);
    const lockId = node && lockIdOf(node);
    if (!node || !lockId || !takesCodes(node)) return;
    if (name === 'alive' || name === 'dead') {
      this.nodes.set(nodeId, { ...node, alive: name === 'alive' });
      if (name === 'alive') this.silent.delete(nodeId);
      if (name === 'alive') this.found.get(lockId)?.lock.table.doubtAll();
      this.options.onReport({ kind: name === 'alive' ? 'online' : 'offline', lockId });
    } else if (name === 'notification') this.notified(event, lockId, toldBy);
    else {
      this.notified(event, lockId, toldByValue);
      this.valueChanged(event, node, lockId);
    }
  }

  private nodesChanged(event: ZwaveEvent): void {
    const node = nodeOf(event.node);
    if (!node) return;
    if (event.event === 'node removed') {
      this.nodes.delete(node.nodeId);
      this.silent.delete(node.nodeId);
      delete this.known[node.nodeId];
    } else this.nodes.set(node.nodeId, node);
    this.options.onReport({ kind: 'added', lockId: lockIdOf(node) ?? String(node.nodeId) });
  }

  private interviewed(nodeId: number, event: ZwaveEvent): void {
    const node = nodeOf(event.nodeState);
    if (node) this.nodes.set(nodeId, node);
    const lockId = node && lockIdOf(node);
    if (!lockId || !takesCodes(node)) return;
    const found = this.found.get(lockId);
    if (found) found.abilities = null;
    this.options.onReport({ kind: 'added', lockId });
  }

  private notified(event: ZwaveEvent, lockId: string, read: typeof toldBy): void {
    const { clock, onReport, newId } = this.options;
    const { lock } = this.foundOf(lockId);
    const told = read(event, lockId, new Date(clock.now()).toISOString(), newId());
    // Its own commands are reported by their callers.
    if (told.remotely && lock.isBusy) return;
    if (told.doubt === 'all') lock.table.doubtAll();
    else for (const slot of told.doubt) lock.table.doubt(slot);
    for (const report of told.reports) onReport(report);
    if (told.doubt === 'all' || told.doubt.length > 0) this.codesChanged(lockId, told.doubt);
  }

  /** Somebody has changed codes at the lock, or by another way: it is to be read back. */
  private codesChanged(lockId: string, slots: readonly number[] | 'all'): void {
    for (const slot of slots === 'all' ? [0] : slots) {
      const lockCodeId = String(slot);
      const changed = { kind: 'code-outcome', operation: 'updated', lockId, lockCodeId } as const;
      this.options.onReport({ ...changed, success: true, errorCode: null });
    }
  }

  private valueChanged(event: ZwaveEvent, node: ZwaveNode, lockId: string): void {
    const { lock } = this.foundOf(lockId);
    const args = z
      .object({
        commandClass: z.number().optional(),
        property: z.union([z.string(), z.number()]).optional(),
        newValue: z.unknown().optional(),
        credentialSlot: z.number().optional(),
      })
      .safeParse(event.args).data;
    if (!args) return;
    if (args.commandClass === CC.battery && args.property === 'level' && typeof args.newValue === 'number') {
      this.nodes.set(node.nodeId, { ...node, batteryLevel: levelOf(args.newValue) });
      return;
    }
    const slot = /^credential (added|modified|deleted)$/.test(String(event.event))
      ? args.credentialSlot
      : undefined;
    if (slot === undefined || lock.isBusy) return;
    lock.table.doubt(slot);
    this.codesChanged(lockId, [slot]);
  }
}
