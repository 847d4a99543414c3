import { z } from 'zod';

/** Command classes by their numbers. */
export const CC = {
  doorLock: 98,
  userCode: 99,
  userCredential: 0x83,
  scheduleEntryLock: 78,
  notification: 113,
  battery: 128,
} as const;

const DEAD = 3;

const value = z.object({
  commandClass: z.number(),
  property: z.union([z.string(), z.number()]),
  propertyKey: z.union([z.string(), z.number()]).nullish(),
  value: z.unknown().optional(),
});

const nodeState = z.object({
  nodeId: z.number(),
  status: z.number(),
  name: z.string().nullish(),
  location: z.string().nullish(),
  label: z.string().nullish(),
  manufacturerId: z.number().nullish(),
  productType: z.number().nullish(),
  productId: z.number().nullish(),
  isControllerNode: z.boolean().nullish(),
  deviceConfig: z.object({ manufacturer: z.string().nullish(), label: z.string().nullish() }).nullish(),
  endpoints: z
    .array(z.object({ index: z.number(), commandClasses: z.array(z.object({ id: z.number() })).nullish() }))
    .nullish(),
  values: z.array(value).nullish(),
});

/** A node of the network, as far as locks go. */
export interface ZwaveNode {
  readonly nodeId: number;
  readonly alive: boolean;
  readonly name: string | null;
  readonly model: string | null;
  /** Manufacturer, product type and product id: null until the node has been interviewed. */
  readonly fingerprint: string | null;
  readonly classes: ReadonlySet<number>;
  /** 0 to 1. */
  readonly batteryLevel: number | null;
}

/** All nodes of what `start_listening` answers. Entries that are not understood are left out. */
export function nodesOf(result: unknown): ZwaveNode[] {
  const state = z.object({ state: z.object({ nodes: z.array(z.unknown()) }) }).safeParse(result);
  return state.success ? state.data.state.nodes.flatMap((each) => nodeOf(each) ?? []) : [];
}

export function nodeOf(dump: unknown): ZwaveNode | null {
  const read = nodeState.safeParse(dump);
  if (!read.success || read.data.isControllerNode === true) return null;
  const { nodeId, status, manufacturerId, productType, productId, deviceConfig, label } = read.data;
  const ids = [manufacturerId, productType, productId];
  const model = [deviceConfig?.manufacturer, deviceConfig?.label ?? label].filter(Boolean).join(' ');
  const root = (read.data.endpoints ?? []).find(({ index }) => index === 0);
  const level = (read.data.values ?? []).find((v) => v.commandClass === CC.battery && v.property === 'level');
  return {
    nodeId,
    alive: status !== DEAD,
    name: read.data.name || null,
    model: model || null,
    fingerprint: ids.some((id) => id == null) ? null : ids.map((id) => id!.toString(16)).join('-'),
    classes: new Set((root?.commandClasses ?? []).map(({ id }) => id)),
    batteryLevel: typeof level?.value === 'number' ? levelOf(level.value) : null,
  };
}

/** A level as nodes report it: in percent, and 255 for "low". */
export function levelOf(reported: number): number {
  return reported > 100 ? 0 : reported / 100;
}

/** Whether it is a lock that takes codes. */
export function takesCodes({ classes }: ZwaveNode): boolean {
  return classes.has(CC.userCode) || classes.has(CC.userCredential);
}

/**
 * What a lock is known by in its network. A node's number alone may come to belong to another lock; the same lock,
 * excluded and included again, gets another number, and is a new one.
 */
export function lockIdOf({ nodeId, fingerprint }: ZwaveNode): string | null {
  return fingerprint === null ? null : `${nodeId}-${fingerprint}`;
}
