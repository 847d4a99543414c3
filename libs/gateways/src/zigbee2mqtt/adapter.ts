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
import { OpenedAccounts, ourSlots, wrongAddress } from '../local';
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
  private readonly sites: OpenedAccounts<Zigbee2MqttSystem, Opened>;
  private readonly keeping = new Mutex();

  constructor(
    private readonly mqtt: typeof Mqtt,
    private readonly parts: LocalParts,
    private readonly timings: AdapterTimings = TIMINGS,
  ) {
    this.sites = new OpenedAccounts<Zigbee2MqttSystem, Opened>({
      ...parts,
      open: (account, system, connection) => this.begin(account, system, connection),
      close: ({ site }) => site.close(),
    });
  }

  async check(system: LocalSystem, given: LocalConnection): Promise<Answer<FoundSystem>> {
    const connection = { ...given, ...system.connection };
    const wrong = wrongAddress(connection.address ?? '', MQTT_PROTOCOLS);
    if (wrong !== null) return refused('INVALID_ADDRESS', `The address ${wrong}.`);
    const of = system as Zigbee2MqttSystem;
    const site = this.siteAt(of, connection, () => undefined, keptCounts(given.kept), false);
    try {
      site.start();
      const problem = await site.problem();
      if (problem) return problem;
      const { coordinator: systemId, version } = site.info!;
      const value = { systemId, connection, version: `Zigbee2MQTT ${version}`, locks: describedAt(site, of) };
      return { kind: 'answered', value };
    } finally {
      await site.close();
    }
  }

  async open(account: AccountRef): Promise<void> {
    await this.sites.again(account);
  }

  async forget({ accountId }: AccountRef): Promise<void> {
    await this.sites.end(accountId);
    await this.parts.connections.delete(accountId);
  }

  close(): Promise<void> {
    return this.sites.endAll();
  }

  async locks(account: AccountRef): Promise<Answer<LockDescription[]>> {
    const opened = await this.sites.of(account);
    if (opened.kind !== 'answered') return opened;
    const { site, codes, system } = opened.value;
    const problem = await site.problem();
    if (problem) return problem;
    await codes.countAll();
    return { kind: 'answered', value: describedAt(site, system) };
  }

  async program(lock: LockRef, { pin, window, oneTime, slot }: LockCode): Promise<WriteAnswer> {
    const opened = await this.sites.of(lock);
    if (opened.kind !== 'answered') return opened;
    if (window) return refused('SCHEDULE_NOT_SUPPORTED', 'The lock keeps no schedule.');
    if (oneTime) return refused('ONE_TIME_NOT_SUPPORTED', 'The lock takes no codes for one time.');
    const { codes } = opened.value;
    return slot === undefined ? codes.programFree(lock.lockId, pin) : codes.program(lock.lockId, slot, pin);
  }

  async change(lock: LockRef, lockCodeId: string, { pin, window }: LockCode): Promise<WriteAnswer> {
    const opened = await this.sites.of(lock);
    if (opened.kind !== 'answered') return opened;
    if (window) return refused('SCHEDULE_NOT_SUPPORTED', 'The lock keeps no schedule.');
    return opened.value.codes.change(lock.lockId, lockCodeId, pin);
  }

  async remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    const opened = await this.sites.of(lock);
    return opened.kind !== 'answered' ? opened : opened.value.codes.remove(lock.lockId, lockCodeId);
  }

  async list(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const opened = await this.sites.of(lock);
    if (opened.kind !== 'answered') return opened;
    const answer = await opened.value.codes.list(lock.lockId);
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
    const opened = await this.sites.of(lock);
    return opened.kind !== 'answered' ? opened : opened.value.codes.operate(lock.lockId, action, actionId);
  }

  private begin(account: AccountRef, system: Zigbee2MqttSystem, connection: LocalConnection): Opened {
    const { onReport, clock } = this.parts;
    const counts = keptCounts(connection.kept);
    const site = this.siteAt(
      system,
      { ...connection, ...system.connection },
      (report) => onReport(account, report),
      counts,
      true,
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
    counts: ReadonlyMap<string, number>,
    isConnected: boolean,
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
      isConnected,
      onTrouble: (message) => this.parts.logger.warn({ system: system.name }, message),
    });
  }
}

const describedAt = (site: Site, system: Zigbee2MqttSystem): LockDescription[] =>
  [...site.locks.values()].map((lock) =>
    lock.describe(site.hubOnline, { capabilities: capabilitiesOf(system, lock) }),
  );

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
