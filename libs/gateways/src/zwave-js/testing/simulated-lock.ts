import { NotificationCCGet, NotificationCCReport } from '@zwave-js/cc/NotificationCC';
import { ScheduleEntryLockCCYearDayScheduleSet } from '@zwave-js/cc/ScheduleEntryLockCC';
import { UserCodeCCReport } from '@zwave-js/cc/UserCodeCC';
import {
  ccCaps,
  createMockZWaveRequestFrame,
  type MockController,
  MockNode,
  type MockNodeBehavior,
  type MockZWaveFrame,
  MockZWaveFrameType,
} from '@zwave-js/testing';
import { createDefaultMockNodeBehaviors } from 'zwave-js/Testing';
import { CC } from '../nodes';
import { claimed, type PinMemory, userCodes, userCredentials } from './pin-memory';
import { windowOf, type YearDay } from '../year-day';

export interface LockTraits {
  readonly nodeId: number;
  readonly users: number;
  /** Which model it is; left out: one that no other node is. */
  readonly productId?: number;
  /** What its owner calls it; left out: it has no name. */
  readonly name?: string;
  /** Keeps time frames. */
  readonly schedules?: boolean;
  /** Tells stars instead of digits. */
  readonly masks?: boolean;
  /** So many of its places hold a code from the beginning; left out: none. */
  readonly filled?: number;
  /** Has its codes by the User Credential command class; left out: by User Code. */
  readonly credentials?: boolean;
}

/** 1: a year-day schedule. */
const SCHEDULE = (slot: number) => `ScheduleEntryLock_schedule_${slot}_1_1`;

const ACCESS_CONTROL = 6;
const IDLE = 0;

/** The mock's own behaviors leave this question open, for which the driver waits a second: nothing is amiss. */
const answersNotificationGet: MockNodeBehavior = {
  handleCC(controller, _lock, asked) {
    if (!(asked instanceof NotificationCCGet)) return undefined;
    const { notificationType } = asked;
    const { ownNodeId: nodeId } = controller;
    const cc = new NotificationCCReport({ nodeId, notificationType, notificationEvent: IDLE });
    return { action: 'sendCC', cc };
  },
};

/** A Z-Wave lock on the mock stick, and somebody who stands before it. */
export class SimulatedLock {
  private dead = false;
  private forgetful = false;
  private loses: { frame: string } | 'next' | null = null;
  /** Writes of codes that came to the lock. */
  writes = 0;
  /** All frames that came to it. */
  frames = 0;

  private readonly pins: PinMemory;

  private constructor(
    readonly node: MockNode,
    readonly traits: LockTraits,
  ) {
    this.pins = traits.credentials ? userCredentials(node) : userCodes(node);
  }

  /** A lock that is in the network when the driver starts. */
  static async on(controller: MockController, traits: LockTraits): Promise<SimulatedLock> {
    const node = await MockNode.create({ controller, ...asNode(traits) });
    node.defineBehavior(...createDefaultMockNodeBehaviors());
    controller.addNode(node);
    return SimulatedLock.at(node, traits);
  }

  /** What a node of the stick is to be a lock by. */
  static at(node: MockNode, traits: LockTraits): SimulatedLock {
    const lock = new SimulatedLock(node, traits);
    for (let slot = 1; slot <= (traits.filled ?? 0); slot++) lock.pins.put(slot, String(500_000 + slot));
    lock.listen();
    return lock;
  }

  /** Whether the PIN, typed at an instant (ms), opens the door: by places, time frames, and the lock's own clock. */
  opens(pin: string, at: number, zone: string): boolean {
    return this.slots().some((slot) => {
      if (this.codeIn(slot) !== pin) return false;
      const told = this.node.state.get(SCHEDULE(slot)) as YearDay | undefined;
      if (!told) return true;
      const { startsAt, endsAt } = windowOf(told, zone);
      return startsAt <= at && at < endsAt;
    });
  }

  /** The PIN in a place; undefined: none. */
  codeIn(slot: number): string | undefined {
    return this.pins.at(slot);
  }

  /** What lies on it, by places. */
  codes(): Record<number, string> {
    const codes: Record<number, string> = {};
    for (const slot of this.slots()) {
      const code = this.codeIn(slot);
      if (code) codes[slot] = code;
    }
    return codes;
  }

  /** Puts a code on it at the lock itself; the lock tells that it did. */
  async putByHand(slot: number, pin: string): Promise<void> {
    this.pins.put(slot, pin);
    await this.notify(14, slot);
  }

  /** Takes a code off it at the lock itself; the lock tells that it did. */
  async removeByHand(slot: number): Promise<void> {
    this.empty(slot);
    await this.notify(13, slot);
  }

  /** Erases everything at the lock itself; the lock tells that it did. */
  async reset(): Promise<void> {
    for (const slot of this.slots()) this.empty(slot);
    await this.notify(12);
  }

  /** Another one of the same model is in its place, with its number, and nobody has told: nothing lies on it. */
  replace(): void {
    for (const slot of this.slots()) this.empty(slot);
  }

  private empty(slot: number): void {
    this.pins.clear(slot);
    this.node.state.set(SCHEDULE(slot), undefined);
  }

  /** Types a code at the keypad. @returns whether the door opens */
  async type(pin: string, at: number, zone: string): Promise<boolean> {
    const opens = this.opens(pin, at, zone);
    const slot = this.slots().find((each) => this.codeIn(each) === pin);
    await (opens ? this.notify(6, slot) : this.notify(4, null, 7));
    return opens;
  }

  /** Tells something by itself. */
  async notify(
    notificationEvent: number,
    userId: number | null = null,
    notificationType = ACCESS_CONTROL,
  ): Promise<void> {
    const report = new NotificationCCReport({
      ...{ nodeId: this.node.controller.ownNodeId, notificationType, notificationEvent },
      ...(userId === null ? {} : { eventParameters: Uint8Array.from([userId]) }),
    });
    await this.node.sendToController(createMockZWaveRequestFrame(report, { ackRequested: false }));
  }

  /** From here on it says that it took a time frame, and holds none. */
  forgetSchedules(): void {
    this.forgetful = true;
  }

  /** From here on a frame takes so long to it, and from it. */
  setAirTime(ms: number): void {
    this.node.capabilities.txDelay = ms;
  }

  /** It hears nothing and says nothing, as without power. */
  setDead(dead: boolean): void {
    this.dead = dead;
  }

  /** The next code that is set or cleared is done, but not reported. */
  loseNextAnswer(): void {
    this.loses = 'next';
  }

  private slots(): number[] {
    return Array.from({ length: this.traits.users }, (_, n) => n + 1);
  }

  private listen(): void {
    const { node, traits } = this;
    node.defineBehavior(answersNotificationGet);
    const takes = node.onControllerFrame.bind(node);
    node.onControllerFrame = async (frame: MockZWaveFrame) => {
      if (this.dead) return;
      this.frames += 1;
      const cc = frame.type === MockZWaveFrameType.Request ? frame.payload : undefined;
      const write = cc && this.pins.writeIn(cc);
      if (!write) {
        await takes(frame);
        if (this.forgetful && cc instanceof ScheduleEntryLockCCYearDayScheduleSet)
          node.state.set(SCHEDULE(cc.userId), undefined);
        return;
      }
      this.writes += 1;
      const isLost = this.loses === 'next' || this.loses?.frame === write.key;
      if (!isLost) return takes(frame);
      // The driver sends it again, and hears nothing again.
      this.loses = { frame: write.key };
      write.apply();
    };
    if (!traits.masks) return;
    node.defineBehavior({
      transformResponse: (_controller, _node, _received, response) => {
        const cc = response.action === 'sendCC' ? response.cc : undefined;
        if (response.action === 'sendCC' && cc instanceof UserCodeCCReport && cc.userCode?.length) {
          const { nodeId, userId, userIdStatus } = cc;
          const userCode = '*'.repeat(cc.userCode.length);
          return { ...response, cc: new UserCodeCCReport({ nodeId, userId, userIdStatus, userCode }) };
        }
        return response;
      },
    });
  }

  /** From here on it answers again. */
  heal(): void {
    this.loses = null;
    this.dead = false;
  }
}

/** What the stick is told of a node that is such a lock. */
export function asNode({
  nodeId,
  productId = nodeId,
  users,
  schedules = false,
  credentials = false,
}: LockTraits) {
  const events = { [ACCESS_CONTROL]: [1, 2, 5, 6, 11, 12, 13, 14, 16], 7: [3, 4, 9], 8: [10, 11] };
  return {
    id: nodeId,
    capabilities: {
      // So that an interview takes a moment; whoever measures time sets what a radio needs.
      txDelay: 1,
      // Of no maker that the driver has a file for: it asks the lock itself what it can do.
      ...{ manufacturerId: 0xfff0, productType: 1, productId },
      ...{
        isListening: true,
        isFrequentListening: false as const,
        genericDeviceClass: 0x40,
        specificDeviceClass: 3,
      },
      commandClasses: [
        ...[0x72, 0x86],
        ccCaps({ ccId: CC.doorLock, isSupported: true, version: 4 }),
        claimed(users, credentials),
        ccCaps({
          ...{ ccId: CC.notification, isSupported: true, version: 8, supportsV1Alarm: false },
          notificationTypesAndEvents: events,
        }),
        ...(schedules
          ? [
              ccCaps({
                ...{ ccId: CC.scheduleEntryLock, isSupported: true, version: 3 },
                ...{ numWeekDaySlots: 0, numYearDaySlots: 1, numDailyRepeatingSlots: 0 },
              }),
            ]
          : []),
      ],
    },
  };
}
