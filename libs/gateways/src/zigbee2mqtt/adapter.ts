import { Mutex } from 'async-mutex';
import type * as Mqtt from 'mqtt';
import type {
  FoundSystem,
  LocalAdapter,
  LocalConnection,
  LocalParts,
  LocalSystem,
  SlotRange,
} from '../local';
import { ourSlots, wrongAddress } from '../local';
import type {
  AccountRef,
  Answer,
  ListedCode,
  LockCapabilities,
  LockCode,
  LockDescription,
  LockRef,
  Refusal,
  WriteAnswer,
} from '../lock-gateway';
import { type BrokerSettings, BROKER_TIMINGS, type BrokerTimings } from './broker-connection';
import { MQTT_PROTOCOLS, type Zigbee2MqttSystem } from './entry';
import { keptCounts, keptText } from './kept';
import { LINE_TIMINGS, type LineTimings } from './lock-line';
import { Site } from './site';
import { SiteCodes } from './site-codes';
import type { SiteLock } from './site-lock';

export interface AdapterTimings {
  readonly broker: BrokerTimings;
  readonly line: LineTimings;
  /** For how long after connecting what Zigbee2MQTT keeps at the broker may take to come; ms. */
  readonly settleMs: number;
}

const TIMINGS: AdapterTimings = { broker: BROKER_TIMINGS, line: LINE_TIMINGS, settleMs: 5_000 };

interface Opened {
  readonly site: Site;
  readonly codes: SiteCodes;
  readonly system: Zigbee2MqttSystem;
}

/**
 * Locks that Zigbee2MQTT runs, by way of an MQTT broker. One connection for each account. Codes lie in numbered slots
 * of a lock and have no names there; a lock shows their digits only if Zigbee2MQTT's option `expose_pin` is on.
 */
export class Zigbee2MqttAdapter implements LocalAdapter {
  private readonly opened = new Map<string, Promise<Opened | null>>();
  private readonly keeping = new Mutex();

  constructor(
    private readonly mqtt: typeof Mqtt,
    private readonly parts: LocalParts,
    private readonly timings: AdapterTimings = TIMINGS,
  ) {}

  async check(system: LocalSystem, given: LocalConnection): Promise<Answer<FoundSystem>> {
    const connection = { ...given, ...system.connection };
    const wrong = wrongAddress(connection.address ?? '', MQTT_PROTOCOLS);
    if (wrong !== null) return refused('INVALID_ADDRESS', `The address ${wrong}.`);
    const site = this.siteAt(system as Zigbee2MqttSystem, connection, () => undefined);
    try {
      site.start();
      const problem = await site.problem();
      if (problem) return problem;
      const systemId = `${site.info!.coordinator}`;
      return { kind: 'answered', value: { systemId, connection, locks: site.locks.size } };
    } finally {
      await site.close();
    }
  }

  async open(account: AccountRef): Promise<void> {
    const before = this.opened.get(account.accountId);
    const opening = this.begin(account);
    this.opened.set(account.accountId, opening);
    await (await before?.catch(() => null))?.site.close();
    await opening;
  }

  async forget({ accountId }: AccountRef): Promise<void> {
    const opened = this.opened.get(accountId);
    this.opened.delete(accountId);
    await (await opened?.catch(() => null))?.site.close();
    await this.parts.connections.delete(accountId);
  }

  async close(): Promise<void> {
    const all = [...this.opened.values()];
    this.opened.clear();
    for (const opened of all) await (await opened.catch(() => null))?.site.close();
  }

  async locks(account: AccountRef): Promise<Answer<LockDescription[]>> {
    const opened = await this.of(account);
    if ('kind' in opened) return opened;
    const { site, codes, system } = opened;
    const problem = await site.problem();
    if (problem) return problem;
    await codes.countAll();
    const value = [...site.locks.values()].map((lock) =>
      lock.describe(site.hubOnline, { capabilities: capabilitiesOf(system, lock) }),
    );
    return { kind: 'answered', value };
  }

  async program(lock: LockRef, { pin, window, oneTime, slot }: LockCode): Promise<WriteAnswer> {
    const opened = await this.of(lock);
    if ('kind' in opened) return opened;
    if (window) return refused('SCHEDULE_NOT_SUPPORTED', 'The lock keeps no schedule.');
    if (oneTime) return refused('ONE_TIME_NOT_SUPPORTED', 'The lock takes no codes for one time.');
    const { codes } = opened;
    return slot === undefined ? codes.programFree(lock.lockId, pin) : codes.program(lock.lockId, slot, pin);
  }

  async change(lock: LockRef, lockCodeId: string, { pin, window }: LockCode): Promise<WriteAnswer> {
    const opened = await this.of(lock);
    if ('kind' in opened) return opened;
    if (window) return refused('SCHEDULE_NOT_SUPPORTED', 'The lock keeps no schedule.');
    return opened.codes.change(lock.lockId, lockCodeId, pin);
  }

  async remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    const opened = await this.of(lock);
    return 'kind' in opened ? opened : opened.codes.remove(lock.lockId, lockCodeId);
  }

  async list(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const opened = await this.of(lock);
    if ('kind' in opened) return opened;
    const answer = await opened.codes.list(lock.lockId);
    if (answer.kind !== 'answered') return answer;
    const value = answer.value.map(({ lockCodeId, pin }): ListedCode => ({
      lockCodeId,
      name: null,
      pin,
      window: null,
      status: 'active',
    }));
    return { kind: 'answered', value };
  }

  async operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    const opened = await this.of(lock);
    return 'kind' in opened ? opened : opened.codes.operate(lock.lockId, action, actionId);
  }

  private async of(account: AccountRef): Promise<Opened | Refusal> {
    const { accountId } = account;
    let opening = this.opened.get(accountId);
    if (!opening) {
      opening = this.begin(account);
      this.opened.set(accountId, opening);
    }
    const opened = await opening.catch((error: unknown) => {
      this.dropIf(accountId, opening);
      throw error;
    });
    if (opened) return opened;
    this.dropIf(accountId, opening);
    return { kind: 'unauthorized', message: 'Nothing is kept of how to reach this account.' };
  }

  /** What could not be opened is tried anew the next time: it may have been connected meanwhile. */
  private dropIf(accountId: string, opening: Promise<Opened | null> | undefined): void {
    if (this.opened.get(accountId) === opening) this.opened.delete(accountId);
  }

  private async begin(account: AccountRef): Promise<Opened | null> {
    const { systems, connections, onReport, clock } = this.parts;
    const system = systems.get(account.maker) as Zigbee2MqttSystem | undefined;
    const connection = await connections.get(account.accountId);
    if (!system || !connection) return null;
    const counts = keptCounts(connection.kept);
    const site = this.siteAt(
      system,
      { ...connection, ...system.connection },
      (report) => onReport(account, report),
      counts,
    );
    const codes = new SiteCodes(site, {
      oursOf: (lock) => oursOf(system, lock),
      clock,
      onReport: (report) => onReport(account, report),
      onCounted: (lock) => void this.keep(account, lock).catch(() => undefined),
    });
    site.start();
    return { site, codes, system };
  }

  /** Writes down how many slots a lock has, so that the next start need not ask it. */
  private keep({ accountId }: AccountRef, { lockId, slotCount }: SiteLock): Promise<void> {
    const { connections } = this.parts;
    return this.keeping.runExclusive(async () => {
      const connection = await connections.get(accountId);
      if (!connection || slotCount === null) return;
      const counts = keptCounts(connection.kept).set(lockId, slotCount);
      await connections.put(accountId, { ...connection, kept: keptText(counts) });
    });
  }

  private siteAt(
    system: Zigbee2MqttSystem,
    { address = '', username, password }: LocalConnection,
    onReport: LocalParts['onReport'] extends (account: never, report: infer R) => void
      ? (report: R) => void
      : never,
    counts: ReadonlyMap<string, number> = new Map(),
  ): Site {
    const broker: BrokerSettings = {
      address,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(system.ca === undefined ? {} : { ca: system.ca }),
    };
    return new Site({
      ...{ mqtt: this.mqtt, broker, brokerTimings: this.timings.broker },
      ...{ lineTimings: this.timings.line, settleMs: this.timings.settleMs },
      ...{ baseTopic: system.baseTopic, clock: this.parts.clock, counts, onReport },
      onTrouble: (message) => this.parts.logger.warn({ system: system.name }, message),
    });
  }
}

function oursOf({ slots }: Zigbee2MqttSystem, { slotCount }: SiteLock): SlotRange | null {
  return slotCount === null ? slots : ourSlots({ first: 0, last: slotCount - 1 }, slots);
}

function capabilitiesOf(system: Zigbee2MqttSystem, lock: SiteLock): LockCapabilities {
  const ours = oursOf(system, lock);
  return {
    nativeScheduling: false,
    supportedCodeLengths: system.codeLengths,
    codeConstraints: [],
    maxActiveCodes: ours === null ? null : ours.last - ours.first + 1,
    ...(ours === null ? {} : { slots: ours }),
    canRemotelyLock: true,
    canRemotelyUnlock: true,
  };
}

function refused(errorCode: string, message: string): Refusal {
  return { kind: 'refused', errorCode, message };
}
