import { createSocket, type Socket } from 'node:dgram';

/** The way between a controller and a lock on loopback, which can be cut in either direction. */
export class LossyPath {
  /** What the controller sends is lost. */
  deaf = false;
  /** What the lock sends is lost. */
  mute = false;
  private controller: { readonly port: number; readonly address: string } | undefined;

  private constructor(
    private readonly outside: Socket,
    private readonly inside: Socket,
    private readonly lockPort: number,
  ) {
    outside.on('message', (message, from) => {
      this.controller = from;
      if (!this.deaf) inside.send(message, this.lockPort, '127.0.0.1');
    });
    inside.on('message', (message) => {
      if (this.mute || !this.controller) return;
      outside.send(message, this.controller.port, this.controller.address);
    });
  }

  static async to(lockPort: number): Promise<LossyPath> {
    return new LossyPath(await bound(), await bound(), lockPort);
  }

  /** Where the lock is reached by it. */
  get port(): number {
    return this.outside.address().port;
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}
