import { Broker } from './broker';
import { Zigbee2MqttStandIn } from './stand-in';

/** What the parent process may ask for: somebody who stands before the locks, or pulls the hub's plug. */
export type Ask =
  | { readonly do: 'pair'; readonly name: string; readonly users: number }
  | { readonly do: 'lock'; readonly name: string }
  | { readonly do: 'opens'; readonly lockId: string; readonly code: string }
  | { readonly do: 'dead'; readonly lockId: string; readonly dead: boolean }
  | { readonly do: 'by-hand'; readonly lockId: string; readonly slot: number; readonly code: string | null }
  | { readonly do: 'crash' | 'start' };

export interface HubAnswer {
  readonly lockId?: string;
  readonly slots?: readonly number[];
  readonly opens?: boolean;
}

/** Runs a broker and a hub with locks for the process that started this one, and ends with it. */
async function main(): Promise<void> {
  const broker = await Broker.start();
  const hub = new Zigbee2MqttStandIn({ address: broker.address, availability: true, timeoutMs: 1_000 });
  await hub.start();
  process.on('message', (message: { readonly id: number; readonly ask: Ask }) => {
    answer(hub, message.ask).then(
      (told) => process.send?.({ id: message.id, told }),
      (error: unknown) => process.send?.({ id: message.id, error: String(error) }),
    );
  });
  const end = (): void => void broker.close().then(() => process.exit(0));
  process.on('disconnect', end);
  process.on('SIGTERM', end);
  // Ctrl-C reaches the whole group: the parent decides.
  process.on('SIGINT', () => undefined);
  process.send?.({ address: broker.address });
}

async function answer(hub: Zigbee2MqttStandIn, ask: Ask): Promise<HubAnswer> {
  switch (ask.do) {
    case 'pair':
      return { lockId: (await hub.pair({ name: ask.name, users: ask.users })).ieeeAddress };
    case 'lock': {
      const found = [...hub.devices.values()].find(({ name }) => name === ask.name);
      if (!found) throw new Error(`there is no lock ${ask.name}`);
      return { lockId: found.ieeeAddress, slots: found.lock.slotsInUse };
    }
    case 'opens':
      return { opens: deviceOf(hub, ask.lockId).lock.opens(ask.code) };
    case 'dead': {
      const device = deviceOf(hub, ask.lockId);
      device.lock.faults.dead = ask.dead;
      await hub.setAvailable(device, !ask.dead);
      return {};
    }
    case 'by-hand':
      deviceOf(hub, ask.lockId).lock.programByHand(ask.slot, ask.code);
      return {};
    case 'crash':
      hub.crash();
      return {};
    case 'start':
      await hub.start();
      return {};
  }
}

function deviceOf(hub: Zigbee2MqttStandIn, lockId: string) {
  const device = hub.devices.get(lockId);
  if (!device) throw new Error(`there is no lock ${lockId}`);
  return device;
}

main().catch((error: unknown) => {
  const { code } = error as NodeJS.ErrnoException;
  const missing =
    'mosquitto is not installed: `bash scripts/mosquitto.sh true` installs it (Debian, as root)';
  process.stderr.write(`${code === 'ENOENT' ? missing : String(error)}\n`);
  process.exit(1);
});
