import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { LockAtHand } from '../clients';
import type { Hub } from './hub';

interface HubAnswer {
  readonly lockId?: string;
  readonly slots?: readonly number[];
  readonly opens?: boolean;
}

type Message =
  { readonly address: string } | { readonly id: number; readonly told?: HubAnswer; readonly error?: string };

/** The stand-in for Zigbee2MQTT on a broker of its own: mosquitto must be installed. */
export class Zigbee2MqttHub implements Hub {
  private readonly waiting = new Map<
    number,
    { resolve(told: HubAnswer): void; reject(error: Error): void }
  >();
  private asked = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly address: string,
  ) {
    child.on('message', (message: Message) => {
      if ('address' in message) return;
      const waiting = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.error !== undefined) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.told ?? {});
    });
  }

  /** @throws {Error} with what it said, when it can't start */
  static async start(): Promise<Zigbee2MqttHub> {
    const program = join(__dirname, '../../../../../libs/zigbee2mqtt-stand-in/src/main.js');
    const { PATH, HOME, TMPDIR, MOSQUITTO } = process.env;
    const env = { PATH, HOME, TMPDIR, MOSQUITTO };
    const child = fork(program, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let complaint = '';
    child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    const address = await new Promise<string>((resolve, reject) => {
      child.once('message', (message: Message) => 'address' in message && resolve(message.address));
      child.once('exit', () => reject(new Error(complaint.trim() || 'the hub ended before it was there')));
    });
    return new Zigbee2MqttHub(child, address);
  }

  get entry() {
    const entry = { kind: 'zigbee2mqtt', name: 'house', display_name: 'Zigbee2MQTT' };
    return { ...entry, address: this.address, slots: '10-14' };
  }

  async hang(name: string): Promise<LockAtHand> {
    await this.ask({ do: 'pair', name, users: 30 });
    return this.named(name);
  }

  async named(name: string): Promise<LockAtHand> {
    const { lockId = '', slots = [] } = await this.ask({ do: 'lock', name });
    return {
      lock_id: lockId,
      name,
      codes: slots.map((slot) => ({ access_code_id: String(slot), name: '' })),
    };
  }

  async opens(lockId: string, code: string): Promise<boolean> {
    return (await this.ask({ do: 'opens', lockId, code })).opens === true;
  }

  async faults(lockId: string, { offline }: { offline?: boolean }): Promise<void> {
    await this.ask({ do: 'dead', lockId, dead: offline === true });
  }

  async addByHand(lockId: string, { name, code }: { name: string; code: string }): Promise<void> {
    await this.ask({ do: 'by-hand', lockId, slot: Number(name), code });
  }

  async changeByHand(lockId: string, lockCodeId: string, { code }: { code: string }): Promise<void> {
    await this.ask({ do: 'by-hand', lockId, slot: Number(lockCodeId), code });
  }

  async removeByHand(lockId: string, lockCodeId: string): Promise<void> {
    await this.ask({ do: 'by-hand', lockId, slot: Number(lockCodeId), code: null });
  }

  async crash(): Promise<void> {
    await this.ask({ do: 'crash' });
  }

  async restart(): Promise<void> {
    await this.ask({ do: 'start' });
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }

  private ask(ask: object): Promise<HubAnswer> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, ask });
    });
  }
}
