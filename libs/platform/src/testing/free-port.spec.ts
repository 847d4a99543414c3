import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { freePort } from './free-port';

describe('freePort', () => {
  it('gives another port each time, and none that the system may give to a connection', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(new Set(ports).size).toBe(50);
    const [lowestOfSystem] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .split('\t')
      .map(Number);
    expect(Math.max(...ports)).toBeLessThan(lowestOfSystem!);
  });

  it('passes over one that somebody listens on', async () => {
    const before = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(before + 1, '127.0.0.1', resolve));
    expect(await freePort()).not.toBe(before + 1);
    server.close();
  });

  it('gives ports of UDP, too', async () => {
    expect(await freePort('udp')).toBeGreaterThanOrEqual(10_000);
  });
});
