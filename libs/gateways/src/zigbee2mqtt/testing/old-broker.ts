import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a broker of before MQTT 5 answers: a protocol that it does not accept. */
const UNACCEPTABLE = Buffer.from([0x20, 0x02, 0x00, 0x01]);

/**
 * A broker that knows nothing of MQTT 5, made of one that does: it looks at the first packet of each connection.
 * @param how it says that it does not accept the protocol, or says nothing
 */
export async function startOldBroker(
  port: number,
  how: 'refuses' | 'hangs up',
): Promise<{ readonly port: number; readonly versions: readonly number[]; close(): Promise<void> }> {
  const versions: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    sockets.add(near);
    near.on('error', () => undefined);
    near.once('data', (first) => {
      const version = versionIn(first);
      versions.push(version);
      if (version > 4) {
        if (how === 'refuses') near.end(UNACCEPTABLE);
        else near.destroy();
        return;
      }
      const far = connect({ port, host: '127.0.0.1', noDelay: true });
      sockets.add(far);
      far.on('error', () => near.destroy()).on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      far.write(first);
      near.pipe(far).pipe(near);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    versions,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The version that a CONNECT names, after its length (1 to 4 bytes) and the name of the protocol. */
function versionIn(packet: Buffer): number {
  const name = packet.indexOf('MQTT');
  return packet[name + 4]!;
}
