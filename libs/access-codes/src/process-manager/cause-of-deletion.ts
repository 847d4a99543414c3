import type { Cause } from '@latchkey/event-sourcing';
import type { Streams } from '../streams';

/**
 * The cause of a device's deletion, for what follows from it.
 * @throws Error where it was not deleted
 */
export async function causeOfDeletion(devices: Streams['devices'], deviceId: string): Promise<Cause> {
  const history = await devices.history(deviceId);
  const deleted = history.findLast(({ event }) => event.type === 'DeviceDeleted');
  if (!deleted) throw new Error(`the device ${deviceId} was not deleted`);
  const { id, metadata } = deleted.recorded;
  const { $correlationId: correlationId, actor, workspaceId } = metadata;
  return { workspaceId, correlationId, causationId: id, actor };
}
